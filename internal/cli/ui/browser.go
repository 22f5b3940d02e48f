package ui

import (
	"os/exec"
	"runtime"
	"strings"
)

// Browse opens the first address that a browser understands. If this fails, Browse only warns,
// because the caller also prints the addresses.
func (u *UI) Browse(urls []string) {
	url := pageURL(urls)
	if url == "" {
		u.Warnf("--open: browsers cannot open a socket file: add --host localhost")
		return
	}
	cmd := browser(runtime.GOOS, url)
	if err := cmd.Start(); err != nil {
		u.Warnf("--open: no browser could be started (%v): open %s yourself", err, url)
		return
	}
	go cmd.Wait() // without Wait, the process would stay a zombie after its end
}

// pageURL returns the first address that a browser understands, or "". For a server that listens on
// all interfaces, the host in the address is localhost, which the server accepts.
func pageURL(urls []string) string {
	for _, url := range urls {
		if strings.HasPrefix(url, "http://") {
			return strings.NewReplacer("//0.0.0.0:", "//localhost:", "//[::]:", "//localhost:").Replace(url)
		}
	}
	return ""
}

// browser returns the command that opens url in the user's default browser.
func browser(system, url string) *exec.Cmd {
	switch system {
	case "darwin":
		return exec.Command("open", url)
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url) // the command "start" would interpret an & in url
	}
	return exec.Command("xdg-open", url)
}
