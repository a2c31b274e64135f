// Reads YAML as the tools of Kubernetes read it. Each line of stdin is a file as a JSON string; each line of stdout has
// the result of both readers: {"kubernetes": [DOCUMENT...] or null, "kustomize": [DOCUMENT...] or null}.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	yaml3 "go.yaml.in/yaml/v3"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type result struct {
	Kubernetes []json.RawMessage `json:"kubernetes"`
	Kustomize  []json.RawMessage `json:"kustomize"`
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var text string
			if err := json.Unmarshal(line, &text); err != nil {
				fail(err)
			}
			found := result{}
			if documents, err := guarded(fromJSON, text); err == nil {
				// kubectl reads JSON as JSON.
				found.Kubernetes, found.Kustomize = documents, documents
			} else {
				if documents, err := guarded(kubernetes, text); err == nil {
					found.Kubernetes = documents
				}
				if documents, err := guarded(kustomize, text); err == nil {
					found.Kustomize = documents
				}
			}
			answer, err := json.Marshal(found)
			if err != nil {
				fail(err)
			}
			out.Write(append(answer, '\n'))
		}
		if err != nil {
			break
		}
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// A panic of a reader counts as a refusal.
func guarded(read func(string) ([]json.RawMessage, error), text string) (found []json.RawMessage, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	return read(text)
}

// A list or map of JSON.
func fromJSON(text string) ([]json.RawMessage, error) {
	if trimmed := strings.TrimSpace(text); !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return nil, errors.New("not JSON")
	}
	var found any
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&found); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return appended(nil, found)
}

// The reader of kubectl and Argo CD: documents are split by lines of `---`.
func kubernetes(text string) ([]json.RawMessage, error) {
	documents := []json.RawMessage{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader([]byte(text))))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		converted, err := yaml.YAMLToJSON(document)
		if err != nil {
			return nil, err
		}
		if string(converted) != "null" {
			documents = append(documents, converted)
		}
	}
}

// The reader of kustomize, which keeps the text of times.
func kustomize(text string) ([]json.RawMessage, error) {
	documents := []json.RawMessage{}
	decoder := yaml3.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		var node yaml3.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		untimed(&node, 0)
		var found any
		if err := node.Decode(&found); err != nil {
			return nil, err
		}
		value, err := plain(found)
		if err != nil {
			return nil, err
		}
		if value == nil {
			continue
		}
		if documents, err = appended(documents, value); err != nil {
			return nil, err
		}
	}
}

func untimed(node *yaml3.Node, depth int) {
	if depth > 1000 || node.Kind == yaml3.AliasNode {
		return
	}
	if node.Kind == yaml3.ScalarNode && node.ShortTag() == "!!timestamp" {
		node.Tag, node.Style = "!!str", yaml3.DoubleQuotedStyle
	}
	for _, below := range node.Content {
		untimed(below, depth+1)
	}
}

func appended(documents []json.RawMessage, value any) ([]json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil || string(text) == "null" {
		return documents, err
	}
	return append(documents, text), nil
}

// A decoded value with keys that JSON has.
func plain(value any) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		for key, below := range value {
			converted, err := plain(below)
			if err != nil {
				return nil, err
			}
			value[key] = converted
		}
		return value, nil
	case map[any]any:
		converted := map[string]any{}
		for key, below := range value {
			switch key.(type) {
			case string, int, bool, float64:
			default:
				return nil, fmt.Errorf("key of type %T", key)
			}
			found, err := plain(below)
			if err != nil {
				return nil, err
			}
			converted[fmt.Sprint(key)] = found
		}
		return converted, nil
	case []any:
		for at, below := range value {
			converted, err := plain(below)
			if err != nil {
				return nil, err
			}
			value[at] = converted
		}
		return value, nil
	default:
		return value, nil
	}
}
