package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

// Arguments of `helm template`.
type request struct {
	release, chart, namespace string
	kubeVersion               *chartutil.KubeVersion
	apiVersions               []string
	values                    []string
	skipTests                 bool
}

func parse(arguments []string) (*request, error) {
	if len(arguments) == 0 || arguments[0] != "template" {
		return nil, errors.New("this helm has only the command `template`, for eod-cmp")
	}
	parsed := &request{namespace: "default"}
	var positional []string
	for rest := arguments[1:]; len(rest) > 0; {
		argument := rest[0]
		rest = rest[1:]
		if argument == "--skip-tests" {
			parsed.skipTests = true
			continue
		}
		if !strings.HasPrefix(argument, "-") {
			positional = append(positional, argument)
			continue
		}
		if len(rest) == 0 {
			return nil, fmt.Errorf("flag needs an argument: %s", argument)
		}
		value := rest[0]
		rest = rest[1:]
		switch argument {
		case "--namespace":
			parsed.namespace = value
		case "--kube-version":
			version, err := chartutil.ParseKubeVersion(value)
			if err != nil {
				return nil, fmt.Errorf("invalid kube version '%s': %s", value, err)
			}
			parsed.kubeVersion = version
		case "--api-versions":
			parsed.apiVersions = append(parsed.apiVersions, strings.Split(value, ",")...)
		case "--values":
			parsed.values = append(parsed.values, value)
		default:
			return nil, fmt.Errorf("unknown flag: %s", argument)
		}
	}
	if len(positional) != 2 {
		return nil, fmt.Errorf("\"helm template\" requires a release and a chart, got %d arguments", len(positional))
	}
	parsed.release, parsed.chart = positional[0], positional[1]
	if err := chartutil.ValidateReleaseName(parsed.release); err != nil {
		return nil, fmt.Errorf("release name %q: %w", parsed.release, err)
	}
	return parsed, nil
}

// Renders the chart from its files. Nothing is kept from an earlier render, because templates can change the values.
func (r *request) render() (string, error) {
	loaded, err := loader.Load(r.chart)
	if err != nil {
		return "", err
	}
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return "", fmt.Errorf("%s charts are not installable", kind)
	}
	if err := checkDependencies(loaded); err != nil {
		return "", err
	}
	values, err := r.mergedValues()
	if err != nil {
		return "", err
	}
	if err := chartutil.ProcessDependenciesWithMerge(loaded, values); err != nil {
		return "", err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	if r.kubeVersion != nil {
		capabilities.KubeVersion = *r.kubeVersion
	}
	capabilities.APIVersions = append(slices.Clip(capabilities.APIVersions), r.apiVersions...)
	options := chartutil.ReleaseOptions{Name: r.release, Namespace: r.namespace, Revision: 1, IsInstall: true}
	whole, err := chartutil.ToRenderValues(loaded, values, options, capabilities)
	if err != nil {
		return "", err
	}
	if wanted := loaded.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, capabilities.KubeVersion.String()) {
		return "", fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, capabilities.KubeVersion.String())
	}
	if mayVary(loaded, values) {
		announceTemplates(loaded)
	}
	files, err := engine.RenderWithClientProvider(loaded, whole, noCluster{})
	if err != nil {
		return "", err
	}
	return r.sorted(files)
}

// Output in the order of an installation, hooks last.
func (r *request) sorted(files map[string]string) (string, error) {
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return "", err
	}
	var output strings.Builder
	write := func(path, content string) { fmt.Fprintf(&output, "---\n# Source: %s\n%s\n", path, content) }
	for _, manifest := range manifests {
		write(manifest.Name, manifest.Content)
	}
	body := strings.TrimSpace(output.String()) + "\n"
	output.Reset()
	for _, hook := range hooks {
		if !r.skipTests || !slices.Contains(hook.Events, release.HookTest) {
			write(hook.Path, hook.Manifest)
		}
	}
	return body + output.String(), nil
}

// Values of all files; later files override earlier ones.
func (r *request) mergedValues() (map[string]any, error) {
	merged := map[string]any{}
	for _, file := range r.values {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		values := map[string]any{}
		if err := yaml.Unmarshal(text, &values); err != nil {
			return nil, fmt.Errorf("failed to parse %s: %w", file, err)
		}
		merge(merged, values)
	}
	return merged, nil
}

// Adds values to others. Maps are merged, everything else is replaced.
func merge(into, values map[string]any) {
	for key, value := range values {
		inner, isMap := value.(map[string]any)
		if present, ok := into[key].(map[string]any); ok && isMap {
			merge(present, inner)
		} else {
			into[key] = value
		}
	}
}

func checkDependencies(loaded *chart.Chart) error {
	var missing []string
	for _, required := range loaded.Metadata.Dependencies {
		isRequired := func(found *chart.Chart) bool { return found.Name() == required.Name }
		if !slices.ContainsFunc(loaded.Dependencies(), isRequired) {
			missing = append(missing, required.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("An error occurred while checking for chart dependencies. You may need to run `helm dependency build` "+
		"to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: %s", strings.Join(missing, ", "))
}

// True if a template or a value has the name of a function with varying results.
func mayVary(loaded *chart.Chart, values map[string]any) bool {
	names := func(text string) bool {
		return slices.ContainsFunc(varying, func(name string) bool { return strings.Contains(text, name) })
	}
	if slices.ContainsFunc(loaded.Templates, func(file *chart.File) bool { return names(string(file.Data)) }) {
		return true
	}
	// Values can be templates, too.
	if names(fmt.Sprint(values)) || names(fmt.Sprint(loaded.Values)) {
		return true
	}
	return slices.ContainsFunc(loaded.Dependencies(), func(inner *chart.Chart) bool { return mayVary(inner, nil) })
}

// Surrounds every template with two calls that give it random values of its own. So the values of a template do not
// change with another template, and a template that includes another one gets the values that the other one has itself.
func announceTemplates(loaded *chart.Chart) {
	for _, file := range loaded.Templates {
		name := path.Join(loaded.ChartFullPath(), file.Name)
		begin := fmt.Sprintf("{{ $_ := lookup %q %q \"\" %q }}", announcement, "enter", name)
		end := fmt.Sprintf("{{ $_ := lookup %q %q \"\" \"\" }}", announcement, "leave")
		// A partial has only definitions. Its text is never executed.
		if !strings.HasPrefix(path.Base(file.Name), "_") {
			file.Data = []byte(begin + string(file.Data) + end)
		}
	}
	for _, inner := range loaded.Dependencies() {
		announceTemplates(inner)
	}
}
