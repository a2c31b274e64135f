package main

// Programs from elsewhere that are run in place of parts of this binary, such as the
// ones of KUBEBUILDER_ASSETS.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// replaceable are the parts that exist as programs of the same name. The kubelet is not
// among them: a real one would want to run containers.
var replaceable = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"}

// assets maps the name of a part to the program that is run instead. It is also the
// value of the flag --assets.
type assets map[string]string

func (a assets) String() string { return "" }

// Set looks for the parts in a list of folders, written as in PATH. Of several programs
// with one name the first counts.
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

// command answers the program and the arguments that run a part.
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
