// Package pick chooses a model's files among the files of a repository: GGUF files with the
// quantization in their names, and all parts of a split model. It chooses the same way among
// files on a server and on the disk, so that a name always means the same model.
package pick

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/lazyregexp"
	"alpaca/internal/store/advice"
	"alpaca/internal/store/ref"
)

// File is a file of a repository.
type File struct {
	Path string // with slashes, from the repository's root
	Size int64  // bytes
}

// Model is a GGUF file, or all parts of a split model in their order.
type Model struct {
	Files []File
	Quant string // quantization in the file's name, in upper case; "": the name has none
}

// Size returns the size of all parts in bytes.
func (m Model) Size() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// Path returns the path of the first part, which identifies the model.
func (m Model) Path() string { return m.Files[0].Path }

// Preferred lists the quantizations to try, in order, if the user names none.
var Preferred = []string{"Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q6_K", "Q8_0"}

// besides lists parts of names. A GGUF file with such a part in
// its name is not a model by itself. llama.cpp has the same rule.
var besides = []string{"mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"}

var (
	splitName = lazyregexp.New(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)
	quantName = lazyregexp.New(`[-.]([A-Za-z0-9_]+)$`)
	aQuant    = lazyregexp.New(`^(?i)((UD-)?(I?Q\d.*|TQ\d.*|[BF]F?(16|32)|MXFP4.*|NVFP4.*))$`)
)

// IsModel reports whether p is the name of a GGUF file that can be a model.
func IsModel(p string) bool {
	if !strings.HasSuffix(p, ".gguf") {
		return false
	}
	base := strings.ToLower(path.Base(p))
	return !slices.ContainsFunc(besides, func(s string) bool { return strings.Contains(base, s) })
}

// QuantOf returns the quantization in a file's name, in upper case, or "".
func QuantOf(p string) string {
	base := path.Base(p)
	if m := splitName().FindStringSubmatch(base); m != nil {
		base = m[1]
	}
	m := quantName().FindStringSubmatch(strings.TrimSuffix(base, ".gguf"))
	if m == nil || !aQuant().MatchString(m[1]) {
		return ""
	}
	return strings.ToUpper(m[1])
}

// Models returns the models among files, sorted by path. If a split model is
// incomplete, Models returns an error, or leaves the model out if skip is set.
func Models(files []File, skip bool) ([]Model, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	parts := map[string][]File{}
	var list []Model
	for _, f := range files {
		if !IsModel(f.Path) {
			continue
		}
		m := splitName().FindStringSubmatch(f.Path)
		if m == nil || m[3] == "00001" {
			list = append(list, Model{Files: []File{f}, Quant: QuantOf(f.Path)})
			continue
		}
		key := m[1] + "/" + m[3]
		if parts[key] == nil {
			list = append(list, Model{Files: []File{f}, Quant: QuantOf(f.Path)})
		}
		parts[key] = append(parts[key], f)
	}
	complete := list[:0]
	for _, model := range list {
		m := splitName().FindStringSubmatch(model.Path())
		if m != nil && m[3] != "00001" {
			model.Files = parts[m[1]+"/"+m[3]]
			if err := checkParts(model.Files, m); err != nil {
				if skip {
					continue
				}
				return nil, err
			}
		}
		complete = append(complete, model)
	}
	return complete, nil
}

// checkParts returns an error if files are not all parts of a split model,
// in order. name is the match of splitName in the path of the first.
func checkParts(files []File, name []string) error {
	n, _ := strconv.Atoi(name[3]) // splitName has matched five digits
	for i := range n {
		want := fmt.Sprintf("%s-%05d-of-%s.gguf", name[1], i+1, name[3])
		if i >= len(files) || files[i].Path != want {
			return fmt.Errorf("the part %q of a split model is missing", want)
		}
	}
	if len(files) != n {
		return fmt.Errorf("the split model %q has %d parts, but the names of its files say %d", files[0].Path, len(files), n)
	}
	return nil
}

// Ambiguous is the error for a name that fits several models: the user must choose one.
type Ambiguous struct {
	Models []Model
	text   string
}

func (e *Ambiguous) Error() string { return e.text }

// Choose returns the one of a repository's models that r names.
func Choose(r ref.Ref, models []Model) (Model, error) {
	switch {
	case r.File != "":
		return byFile(r, models)
	case len(models) == 0:
		return Model{}, fmt.Errorf("%s has no GGUF file", r.RepoName())
	case r.Quant != "":
		return byQuant(r, models)
	case len(models) == 1:
		return models[0], nil
	}
	for _, quant := range Preferred {
		if found := withQuant(models, quant); len(found) > 0 {
			return one(r, found, quant)
		}
	}
	return Model{}, &Ambiguous{models, fmt.Sprintf("%s has %d models: %s", r.RepoName(), len(models), Names(models))}
}

func byFile(r ref.Ref, models []Model) (Model, error) {
	for _, m := range models {
		if slices.ContainsFunc(m.Files, func(f File) bool { return f.Path == r.File }) {
			return m, nil
		}
	}
	err := fmt.Errorf("%s has no model %q", r.RepoName(), r.File)
	if len(models) > 0 {
		err = advice.Add(err, "it has "+Names(models))
	}
	return Model{}, err
}

func byQuant(r ref.Ref, models []Model) (Model, error) {
	found := withQuant(models, r.Quant)
	if len(found) == 0 {
		return Model{}, advice.Add(fmt.Errorf("%s has no %s", r.RepoName(), r.Quant), "it has "+Names(models))
	}
	return one(r, found, r.Quant)
}

// withQuant returns the models whose quantization is quant, or whose file's name ends
// in quant after a hyphen or a dot, such as UD-Q4_K_XL. quant may be in lower case.
func withQuant(models []Model, quant string) (found []Model) {
	for _, m := range models {
		base := strings.ToUpper(path.Base(m.Path()))
		if s := splitName().FindStringSubmatch(path.Base(m.Path())); s != nil {
			base = strings.ToUpper(s[1])
		}
		base = strings.TrimSuffix(base, ".GGUF")
		tag := strings.ToUpper(quant)
		if m.Quant == tag || strings.HasSuffix(base, "-"+tag) || strings.HasSuffix(base, "."+tag) {
			found = append(found, m)
		}
	}
	// UD-Q4_K_XL ends in Q4_K_XL, too. If there is also
	// one model without UD-, quant means that model.
	if len(found) > 1 {
		plain := slices.DeleteFunc(slices.Clone(found), func(m Model) bool { return strings.Contains(strings.ToUpper(path.Base(m.Path())), "UD-") })
		if len(plain) == 1 {
			return plain
		}
	}
	return found
}

func one(r ref.Ref, found []Model, quant string) (Model, error) {
	if len(found) == 1 {
		return found[0], nil
	}
	var paths []string
	for _, m := range found {
		paths = append(paths, m.Path())
	}
	return Model{}, advice.Add(&Ambiguous{found, fmt.Sprintf("%s has %d models with %s: %s", r.RepoName(), len(found), quant, strings.Join(paths, ", "))},
		fmt.Sprintf("name one by its path: hf:%s/%s", r.RepoName(), found[0].Path()))
}

// Names returns a list of the models' names within their repository, for messages.
func Names(models []Model) string {
	const limit = 30
	var names []string
	for _, m := range models {
		name := m.Quant
		if name == "" || slices.Contains(names, name) {
			name = m.Path()
		}
		names = append(names, name)
	}
	if n := len(names); n > limit {
		names = append(names[:limit], fmt.Sprintf("and %d more", n-limit))
	}
	return strings.Join(names, ", ")
}
