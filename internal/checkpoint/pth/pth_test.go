package pth

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/checkpoint/weights"
)

// globalOf returns the opcode for a global name. This function and the functions below write the
// opcodes of protocol 2, as torch.save does.
func globalOf(module, name string) string {
	return "c" + module + "\n" + name + "\n"
}
func text(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}
func number(n int) string {
	return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(int32(n))))
}
func tupleOf(items ...string) string {
	return "(" + strings.Join(items, "") + "t"
}
func numbersOf(list ...int) string {
	var items []string
	for _, n := range list {
		items = append(items, number(n))
	}
	return tupleOf(items...)
}
func storageOf(class, key string, n int) string {
	return tupleOf(text("storage"), class, text(key), text("cpu"), number(n)) + "Q"
}
func hooks() string { return globalOf("collections", "OrderedDict") + ")R" }

// rebuilt returns the pickle of a tensor in a storage. If dtype is "", the pickle calls
// _rebuild_tensor_v2. Otherwise it calls _rebuild_tensor_v3.
func rebuilt(storage string, offset int, shape, stride []int, dtype string) string {
	args := []string{storage, number(offset), numbersOf(shape...), numbersOf(stride...), "\x89", hooks()}
	if dtype == "" {
		return globalOf("torch._utils", "_rebuild_tensor_v2") + tupleOf(args...) + "R"
	}
	return globalOf("torch._utils", "_rebuild_tensor_v3") + tupleOf(append(args, globalOf("torch", dtype))...) + "R"
}

// dictOf returns the pickle of an OrderedDict of names and values.
func dictOf(pairs ...string) string {
	return globalOf("collections", "OrderedDict") + ")R(" + strings.Join(pairs, "") + "u"
}

// archive writes a file with a pickle and with records. The bytes of the records count up from 0.
func archive(t testing.TB, pickle string, records map[string]int) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, data []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "x/" + name, Method: zip.Store})
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
	}
	add("data.pkl", []byte("\x80\x02"+pickle+"."))
	add("byteorder", []byte("little"))
	for key, n := range records {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i)
		}
		add("data/"+key, data)
	}
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "x.bin")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	return path
}

// TestOpen reads tensors in all forms: both versions of the call, views with an offset, transposes
// and parameters. Some tensors are among other values, as in the file of a training program.
func TestOpen(t *testing.T) {
	float := globalOf("torch", "FloatStorage")
	untyped := globalOf("torch.storage", "UntypedStorage")
	model := dictOf(
		text("plain"), rebuilt(storageOf(float, "0", 6), 0, []int{2, 3}, []int{3, 1}, ""),
		text("view"), rebuilt(storageOf(float, "0", 6), 3, []int{3}, []int{1}, ""),
		text("turned"), rebuilt(storageOf(globalOf("torch", "ByteStorage"), "1", 6), 0, []int{3, 2}, []int{1, 3}, ""),
		text("small"), rebuilt(storageOf(untyped, "1", 6), 1, []int{4}, []int{1}, "float8_e4m3fn"),
		text("wide"), rebuilt(storageOf(untyped, "1", 6), 1, []int{2}, []int{1}, "uint16"),
		text("parameter"), globalOf("torch._utils", "_rebuild_parameter")+tupleOf(rebuilt(storageOf(globalOf("torch", "BFloat16Storage"), "1", 3), 0, []int{3, 1}, []int{1, 7}, ""), "\x88", hooks())+"R",
		text("none"), rebuilt(storageOf(float, "2", 0), 0, []int{0, 4}, []int{4, 1}, ""),
		text("number"), number(5),
	) + "}" + text("_metadata") + "Ns" + "b" // nn.Module adds this to a state_dict
	beside := "}(" + text("args") + globalOf("argparse", "Namespace") + ")\x81}" + text("lr") + "G\x3f\xf0\x00\x00\x00\x00\x00\x00s" + "b" + text("state_dict") + model + "u"
	for _, pickle := range []string{model, beside} {
		f, err := Open(archive(t, pickle, map[string]int{"0": 24, "1": 6, "2": 0}))
		require.NoError(t, err)
		defer f.Close()
		got := map[string]string{}
		for i := range f.Tensors {
			x := &f.Tensors[i]
			raw := make([]byte, x.Bytes())
			for lo := range raw { // byte by byte
				require.NoError(t, x.ReadAt(raw[lo:lo+1], int64(lo)))
			}
			got[x.Name] = fmt.Sprint(x.Type, x.Shape, raw[:min(len(raw), 6)])
		}
		require.Equal(t, map[string]string{
			"plain": "F32[2 3] [0 1 2 3 4 5]", "view": "F32[3] [12 13 14 15 16 17]", "turned": "U8[3 2] [0 3 1 4 2 5]", "small": "F8_E4M3[4] [1 2 3 4]",
			"wide": "U16[2] [2 3 4 5]", "parameter": "BF16[3 1] [0 1 2 3 4 5]", "none": "F32[0 4] []",
		}, got)
	}
}

// TestBad checks files that must be refused.
func TestBad(t *testing.T) {
	float := globalOf("torch", "FloatStorage")
	one := func(tensor string) string { return dictOf(text("w"), tensor) }
	tests := []struct{ name, pickle, want string }{
		{"code", dictOf(text("w"), globalOf("os", "system")+tupleOf(text("rm -rf /"))+"R", text("v"), globalOf("builtins", "eval")), "refers to builtins.eval, os.system: only tensors are read"},
		{"a class", globalOf("torch.nn.modules.linear", "Linear") + ")\x81", "torch.nn.modules.linear.Linear"},
		{"past the end", one(rebuilt(storageOf(float, "0", 6), 4, []int{3}, []int{1}, "")), "element 6 of a storage of 6"},
		{"a lie about the size", one(rebuilt(storageOf(float, "0", 600), 0, []int{600}, []int{1}, "")), "element 599 of a storage of 6"},
		{"strides", one(rebuilt(storageOf(float, "0", 6), 0, []int{3, 3}, []int{1 << 30, 1 << 30}, "")), "of a storage of 6"},
		{"negative", one(rebuilt(storageOf(float, "0", 6), 0, []int{-1}, []int{1}, "")), "not a number of at least 0"},
		{"offset", one(rebuilt(storageOf(float, "0", 6), -4, []int{1}, []int{1}, "")), "of a storage of 6"},
		{"no record", one(rebuilt(storageOf(float, "9", 6), 0, []int{1}, []int{1}, "")), `record "data/9" is missing`},
		{"a path", one(rebuilt(storageOf(float, "../0", 6), 0, []int{1}, []int{1}, "")), "without a class and a key"},
		{"complex", one(rebuilt(storageOf(globalOf("torch", "ComplexFloatStorage"), "0", 3), 0, []int{1}, []int{1}, "")), "type is not known"},
		{"cut", "(", "no mark"},
		{"short text", "X\xff\xff\xff\xff", "ends before its last opcode"},
		{"opcode", "I1\n", "opcode 0x49"},
		{"empty stack", "R", "the stack is empty"},
		{"memo", "h\x07", "memo 7 does not exist"},
		{"number", number(3), "want a dictionary of tensors"},
		{"no tensors", "}", "holds no tensors"},
		{"twice", dictOf(text("w"), rebuilt(storageOf(float, "0", 6), 0, []int{1}, []int{1}, ""), text("w"), rebuilt(storageOf(float, "0", 6), 0, []int{1}, []int{1}, "")), `"w" is there twice`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := archive(t, tt.pickle, map[string]int{"0": 24})
			_, err := Open(path)
			if tt.name == "cut" {
				require.Error(t, err)
			} else {
				require.ErrorContains(t, err, tt.want)
			}
			require.ErrorContains(t, err, "pth: "+path+": ")
			require.NotContains(t, err.Error(), "\n")
		})
	}
	old := filepath.Join(t.TempDir(), "old.bin")
	require.NoError(t, os.WriteFile(old, []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), 0o644))
	_, err := Open(old)
	require.ErrorContains(t, err, "before version 1.6")
}

// FuzzPickle checks that running a pickle gives an error, or tensors whose elements can be counted.
func FuzzPickle(f *testing.F) {
	f.Add([]byte("\x80\x02" + dictOf(text("w"), rebuilt(storageOf(globalOf("torch", "FloatStorage"), "0", 6), 1, []int{2, 2}, []int{1, 2}, "")) + "."))
	f.Add([]byte("\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01\x8c\x01b\x94\x8a\x02\x00\x80u."))
	f.Fuzz(func(t *testing.T, raw []byte) {
		top, err := unpickle(raw)
		d, ok := top.(*dict)
		if err != nil || !ok {
			return
		}
		for _, e := range d.items {
			if x, ok := e.value.(*tensor); ok {
				_, fits := weights.Elements(x.shape)
				require.True(t, fits)
				_, _ = x.last()
				x.contiguous()
			}
		}
	})
}
