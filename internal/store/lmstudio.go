package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"alpaca/internal/store/pick"
	"alpaca/internal/store/ref"
)

func (l *Library) findLMStudio(r ref.Ref) (*Model, error) {
	for _, root := range l.Places.LMStudio {
		for _, m := range lmStudioModels(root) {
			if m.Name == r.String() {
				return m, nil
			}
		}
	}
	return nil, nil
}

// lmStudioModels returns the models in root, whose files are below root/owner/repo.
func lmStudioModels(root string) (list []*Model) {
	repos, _ := filepath.Glob(filepath.Join(root, "*", "*"))
	for _, dir := range repos {
		owner, repo := filepath.Base(filepath.Dir(dir)), filepath.Base(dir)
		if ref.CheckRepoPart(owner) != nil || ref.CheckRepoPart(repo) != nil {
			continue
		}
		var files []pick.File
		times := map[string]time.Time{}
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !pick.IsModel(path) {
				return nil
			}
			name, err := filepath.Rel(dir, path)
			st, statErr := os.Stat(path)
			if err == nil && statErr == nil && st.Mode().IsRegular() && ref.CheckPath(filepath.ToSlash(name)) == nil {
				files = append(files, pick.File{Path: filepath.ToSlash(name), Size: st.Size()})
				times[filepath.ToSlash(name)] = st.ModTime()
			}
			return nil
		})
		models, _ := pick.Models(files, true)
		for _, found := range models {
			r := ref.Ref{Kind: ref.LMStudio, Owner: owner, Repo: repo, File: found.Path()}
			m := &Model{Name: r.String(), Ref: r, Quant: found.Quant, Where: LMStudio, Modified: times[found.Path()]}
			for _, f := range found.Files {
				path := filepath.Join(dir, filepath.FromSlash(f.Path))
				m.Blobs = append(m.Blobs, Blob{path, path, "", f.Size})
			}
			list = append(list, m)
		}
	}
	return list
}
