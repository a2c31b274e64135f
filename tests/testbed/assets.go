package main

// Other programs that run in place of parts of this binary, such as those of KUBEBUILDER_ASSETS.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// replaceable are the parts that exist as programs of the same name. The kubelet is not
// among them: a real one needs containers.
var replaceable = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"}

// assets maps the name of a part to its replacement. It is also the
// value of the flag --assets.
type assets map[string]string

func (a assets) String() string { return "" }

// Set searches a list of folders in the format of PATH. The first program of a name is used.
func (a assets) Set(list string) error {
	for _, folder := range filepath.SplitList(list) {
		folder, err := filepath.Abs(folder)
		if err != nil {
			return err
		}
		for _, part := range replaceable {
			program := filepath.Join(folder, part)
			if _, known := a[part]; !known && executable(program) {
				a[part] = program
			}
		}
	}
	if len(a) == 0 {
		return fmt.Errorf("expected a folder with at least one of %s, got %s", strings.Join(replaceable, ", "), list)
	}
	return nil
}

// command returns the program and the arguments that run a part.
func (a assets) command(arguments []string) (string, []string, error) {
	if program, ok := a[arguments[0]]; ok {
		return program, arguments[1:], nil
	}
	self, err := selfPath()
	return self, arguments, err
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
