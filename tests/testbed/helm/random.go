package main

import (
	"crypto/hmac"
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"
	_ "unsafe" // for go:linkname

	sprig "github.com/Masterminds/sprig/v3"
)

// Functions of all templates. Sprig copies this map for every render and exports no way to replace a function.
//
//go:linkname functions github.com/Masterminds/sprig/v3.genericMap
var functions map[string]any

// Functions with random results that are equal under equal keys.
var random = []string{
	"bcrypt", "encryptAES", "htpasswd", "randAlpha", "randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric",
	"shuffle", "uuidv4",
}

// Functions that depend on the clock, or make private keys, which Go never makes from a given source.
var unstable = []string{
	"ago", "date", "dateInZone", "date_in_zone", "durationRound", "genCA", "genCAWithKey", "genPrivateKey",
	"genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "htmlDate", "htmlDateInZone",
	"now",
}

var varying = slices.Concat(random, unstable)

// State of one render.
var state struct {
	key []byte
	// Sources of the templates that are being executed; the last one is that of the innermost template.
	sources []*rand.ChaCha8
	now     time.Time
	// Difference of the clock of this render from the real one.
	shift           time.Duration
	random, dynamic map[string]bool
}

// Begins a render.
func begin(key []byte, now time.Time, shift time.Duration) {
	state.key, state.now, state.shift = key, now.Add(shift), shift
	state.random, state.dynamic = map[string]bool{}, map[string]bool{}
	state.sources = nil
	enter("")
}

// Gives a template random values of its own, which are the same each time it is executed.
func enter(template string) {
	mac := hmac.New(sha256.New, state.key)
	mac.Write([]byte(template))
	state.sources = append(state.sources, rand.NewChaCha8([32]byte(mac.Sum(nil))))
}

// Returns to the random values of the template that has included this one.
func leave() {
	if len(state.sources) > 1 {
		state.sources = state.sources[:len(state.sources)-1]
	}
}

func called() report {
	sorted := func(names map[string]bool) []string { return append([]string{}, slices.Sorted(maps.Keys(names))...) }
	return report{Random: sorted(state.random), Unstable: sorted(state.dynamic)}
}

// Source of the template that is being executed.
type source struct{}

func (source) Read(bytes []byte) (int, error) { return state.sources[len(state.sources)-1].Read(bytes) }

func number() *rand.Rand { return rand.New(state.sources[len(state.sources)-1]) }

// Replaces the functions with varying results. They note that they were called.
func replaceFunctions() {
	if len(sprig.GenericFuncMap()) != len(functions) {
		panic("the functions of the templates cannot be replaced")
	}
	cryptorand.Reader = source{}
	characters := func(all string) any {
		return func(count int) string {
			text := make([]byte, max(count, 0))
			for at := range text {
				text[at] = all[number().IntN(len(all))]
			}
			return string(text)
		}
	}
	const digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var printable string
	for character := ' '; character <= '~'; character++ {
		printable += string(character)
	}
	functions["randAlpha"] = characters(letters)
	functions["randAlphaNum"] = characters(digits + letters)
	functions["randAscii"] = characters(printable)
	functions["randNumeric"] = characters(digits)
	functions["randBytes"] = func(count int) (string, error) {
		bytes := make([]byte, count)
		_, err := source{}.Read(bytes)
		return base64.StdEncoding.EncodeToString(bytes), err
	}
	functions["randInt"] = func(least, limit int) int { return number().IntN(limit-least) + least }
	functions["shuffle"] = func(text string) string {
		mixed := []rune(text)
		number().Shuffle(len(mixed), func(a, b int) { mixed[a], mixed[b] = mixed[b], mixed[a] })
		return string(mixed)
	}
	functions["uuidv4"] = func() (string, error) {
		var id [16]byte
		_, err := source{}.Read(id[:])
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]), err
	}
	replaceClock()
	replaceOrders()
	for _, name := range random {
		functions[name] = noting(functions[name], func() { state.random[name] = true })
	}
	for _, name := range unstable {
		functions[name] = noting(functions[name], func() { state.dynamic[name] = true })
	}
}

// Functions of the clock use the time of the render.
func replaceClock() {
	functions["now"] = func() time.Time { return state.now }
	// Sprig uses the current time for a date that it does not know.
	known := func(date any) any {
		switch date.(type) {
		case time.Time, *time.Time, int64, int, int32:
			return date
		default:
			return state.now
		}
	}
	htmlDate := functions["htmlDate"].(func(any) string)
	functions["htmlDate"] = func(date any) string { return htmlDate(known(date)) }
	htmlDateInZone := functions["htmlDateInZone"].(func(any, string) string)
	functions["htmlDateInZone"] = func(date any, zone string) string { return htmlDateInZone(known(date), zone) }
	date := functions["date"].(func(string, any) string)
	functions["date"] = func(format string, value any) string { return date(format, known(value)) }
	inZone := functions["dateInZone"].(func(string, any, string) string)
	shifted := func(format string, value any, zone string) string { return inZone(format, known(value), zone) }
	functions["dateInZone"], functions["date_in_zone"] = shifted, shifted
	// A duration until now is longer by the shift of the clock.
	ago := functions["ago"].(func(any) string)
	functions["ago"] = func(date any) string {
		switch date := date.(type) {
		case time.Time:
			return ago(date.Add(-state.shift))
		case int64:
			return ago(time.Unix(date, 0).Add(-state.shift))
		case int:
			return ago(time.Unix(int64(date), 0).Add(-state.shift))
		default:
			return ago(date)
		}
	}
	round := functions["durationRound"].(func(any) string)
	functions["durationRound"] = func(value any) string {
		if date, isTime := value.(time.Time); isTime {
			value = date.Add(-state.shift)
		}
		return round(value)
	}
}

// Keys and values of a map are sorted. Without that, their order differs at each call.
func replaceOrders() {
	keys := functions["keys"].(func(...map[string]any) []string)
	functions["keys"] = func(dictionaries ...map[string]any) []string {
		found := keys(dictionaries...)
		slices.Sort(found)
		return found
	}
	functions["values"] = func(dictionary map[string]any) []any {
		found := []any{}
		for _, key := range slices.Sorted(maps.Keys(dictionary)) {
			found = append(found, dictionary[key])
		}
		return found
	}
}

// The function, which calls `note` first.
func noting(function any, note func()) any {
	original := reflect.ValueOf(function)
	wrapped := func(arguments []reflect.Value) []reflect.Value {
		note()
		if original.Type().IsVariadic() {
			return original.CallSlice(arguments)
		}
		return original.Call(arguments)
	}
	return reflect.MakeFunc(original.Type(), wrapped).Interface()
}
