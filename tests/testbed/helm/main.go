// Program `helm` of EoD's image: `helm template` over Helm's published packages, with random values that can be repeated.
//
//	helm template RELEASE CHART --namespace NS --skip-tests [--kube-version V] [--api-versions A]... [--values FILE]...
//
// Output, errors and exit codes are those of Helm of the same version. A file `random.json` in the working directory
// has the keys of the random values of two renders: {"keys": ["<hex>", "<hex>"]}. If the templates call a function with a
// random or time-dependent result, the chart is rendered a second time, with the second key and at another time. The
// file `report.json` then has the names of these functions, and `second.yaml` the second output if it differs. Equal
// keys give equal random values. Values that depend on the clock, and private keys, always differ.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Files in the working directory.
const (
	keysFile   = "random.json"
	reportFile = "report.json"
	secondFile = "second.yaml"
)

// Keys of the random values of two renders.
type keys struct {
	Keys [2]string `json:"keys"`
}

// Functions that the templates have called, by the kind of their results.
type report struct {
	// Functions with equal results under equal keys.
	Random []string `json:"random"`
	// Functions with results that always differ.
	Unstable []string `json:"unstable"`
	// True if the second output differs from the first.
	Differs bool `json:"differs"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "Error: %s\n", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	request, err := parse(arguments)
	if err != nil {
		return err
	}
	given, err := readKeys()
	if err != nil {
		return err
	}
	replaceFunctions()
	now := time.Now()
	begin(given[0], now, 0)
	first, err := request.render()
	if err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString(first); err != nil {
		return err
	}
	found := called()
	if len(found.Random)+len(found.Unstable) > 0 {
		// Every part of a date and of a time of day differs.
		begin(given[1], now, now.AddDate(1, 1, 1).Add(time.Hour+time.Minute+time.Second).Sub(now))
		second, err := request.render()
		if err != nil {
			return err
		}
		if found.Differs = second != first; found.Differs {
			if err := os.WriteFile(secondFile, []byte(second), 0o600); err != nil {
				return err
			}
		}
	}
	text, err := json.Marshal(found)
	if err != nil {
		return err
	}
	return os.WriteFile(reportFile, text, 0o600)
}

// Keys of the file, else two random keys.
func readKeys() ([2][]byte, error) {
	var decoded [2][]byte
	text, err := os.ReadFile(keysFile)
	if errors.Is(err, fs.ErrNotExist) {
		for number := range decoded {
			decoded[number] = make([]byte, 32)
			if _, err := rand.Read(decoded[number]); err != nil {
				return decoded, err
			}
		}
		return decoded, nil
	}
	if err != nil {
		return decoded, err
	}
	var given keys
	if err := json.Unmarshal(text, &given); err != nil {
		return decoded, fmt.Errorf("%s: %w", keysFile, err)
	}
	for number, key := range given.Keys {
		if decoded[number], err = hex.DecodeString(key); err != nil || len(decoded[number]) < 32 {
			return decoded, fmt.Errorf("%s: a key must have at least 32 bytes as hexadecimal digits", keysFile)
		}
	}
	return decoded, nil
}
