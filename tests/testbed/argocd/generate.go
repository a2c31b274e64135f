package main

// `generate` calls a repo-server for the manifests of Applications, like the application controller, or for the details of
// their sources, like the API server. It prints the answers; an error has the text that users see.
//
// It reads a sequence of JSON requests to the end of its stdin and prints one line of JSON
// per request, in the same order.

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/tls"
	"google.golang.org/grpc/status"
)

// controllerNamespace is the default namespace of Applications. The name of an Application in another namespace has that
// namespace as a prefix.
const controllerNamespace = "argocd"

// request has one Application and the options of the call.
type request struct {
	Application v1alpha1.Application `json:"application"`
	// Revision is the resolved revision; the default is the source's own.
	Revision string `json:"revision"`
	// Refresh resolves the revision again.
	Refresh bool `json:"refresh"`
	// NoCache bypasses cached answers.
	NoCache bool `json:"no_cache"`
	// Hard is a hard refresh: Refresh and NoCache.
	Hard        bool     `json:"hard"`
	KubeVersion string   `json:"kube_version"`
	APIVersions []string `json:"api_versions"`
	// Details requests the announced parameters in place of manifests.
	Details bool `json:"details"`
	// Seconds is the deadline; the default is the controller's.
	Seconds float64 `json:"timeout_seconds"`
}

// answer is manifests, announcements or an error.
type answer struct {
	Manifests  []json.RawMessage                  `json:"manifests,omitempty"`
	Announced  []*apiclient.ParameterAnnouncement `json:"announced,omitempty"`
	SourceType string                             `json:"source_type,omitempty"`
	Revision   string                             `json:"revision,omitempty"`
	Seconds    float64                            `json:"seconds"`
	Error      *failure                           `json:"error,omitempty"`
}

// failure is an error of a call.
type failure struct {
	// Call is the name of the call, if there was more than one.
	Call    string `json:"call,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
	// Shown is the text of the Application's condition.
	Shown string `json:"shown,omitempty"`
}

// defaultDeadline is the controller's.
const defaultDeadline = 60 * time.Second

func generate() int {
	flags := flag.NewFlagSet("generate", flag.ExitOnError)
	server := flags.String("repo-server", "", "HOST:PORT of a repo-server that speaks without TLS")
	atOnce := flags.Int("at-once", 1, "how many requests are under way at the same time")
	_ = flags.Parse(os.Args[1:])
	if *server == "" || *atOnce < 1 || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "eod-argocd generate: expected --repo-server HOST:PORT and --at-once of 1 or more, and requests on stdin")
		return 2
	}
	requests, err := readRequests(os.Stdin)
	if err != nil {
		fmt.Fprintf(os.Stderr, "eod-argocd generate: %v\n", err)
		return 2
	}
	answers := make([]answer, len(requests))
	var all sync.WaitGroup
	room := make(chan struct{}, *atOnce)
	for i := range requests {
		room <- struct{}{}
		all.Go(func() {
			answers[i] = call(*server, &requests[i])
			<-room
		})
	}
	all.Wait()
	for _, one := range answers {
		printLine(one)
	}
	return 0
}

func readRequests(input io.Reader) ([]request, error) {
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	var requests []request
	for {
		var one request
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return requests, nil
		}
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", len(requests)+1, err)
		}
		if one.Application.Spec.Source == nil {
			return nil, fmt.Errorf("request %d: expected application.spec.source, got none", len(requests)+1)
		}
		requests = append(requests, one)
	}
}

// call makes one call over a new connection, like the controller.
func call(server string, wanted *request) answer {
	deadline := defaultDeadline
	if wanted.Seconds > 0 {
		deadline = time.Duration(wanted.Seconds * float64(time.Second))
	}
	// 0 disables the client's own timeout.
	clients := apiclient.NewRepoServerClientset(server, 0, tls.Configuration{DisableTLS: true})
	connection, client, err := clients.NewRepoServerClient()
	if err != nil {
		return answer{Error: failed("", err)}
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if wanted.Details {
		return callDetails(ctx, client, wanted)
	}
	begun := time.Now()
	response, err := client.GenerateManifest(ctx, manifestRequest(wanted))
	taken := time.Since(begun).Seconds()
	if err != nil {
		said := failed("", err)
		// The prefix that the controller adds in the condition.
		said.Shown = "Failed to load target state: failed to generate manifest for source 1 of 1: " + err.Error()
		return answer{Seconds: taken, Error: said}
	}
	manifests := make([]json.RawMessage, 0, len(response.Manifests))
	for _, one := range response.Manifests {
		manifests = append(manifests, json.RawMessage(one))
	}
	return answer{Manifests: manifests, SourceType: response.SourceType, Revision: response.Revision, Seconds: taken}
}

// callDetails calls GetAppDetails, as the API server does for the parameters of an Application.
func callDetails(ctx context.Context, client apiclient.RepoServerServiceClient, wanted *request) answer {
	application := &wanted.Application
	begun := time.Now()
	response, err := client.GetAppDetails(ctx, &apiclient.RepoServerAppDetailsQuery{
		Repo:             &v1alpha1.Repository{Repo: application.Spec.Source.RepoURL, Type: "git"},
		Source:           application.Spec.Source,
		AppName:          application.InstanceName(controllerNamespace),
		KustomizeOptions: &v1alpha1.KustomizeOptions{},
		HelmOptions:      &v1alpha1.HelmOptions{},
		TrackingMethod:   string(v1alpha1.TrackingMethodAnnotation),
		NoCache:          wanted.NoCache || wanted.Hard,
		NoRevisionCache:  wanted.Refresh || wanted.Hard,
	})
	taken := time.Since(begun).Seconds()
	if err != nil {
		return answer{Seconds: taken, Error: failed("", err)}
	}
	return answer{
		Announced:  response.GetPlugin().GetParametersAnnouncement(),
		SourceType: response.Type,
		Seconds:    taken,
	}
}

// manifestRequest builds the controller's request for an Application.
func manifestRequest(wanted *request) *apiclient.ManifestRequest {
	application := &wanted.Application
	revision := wanted.Revision
	if revision == "" {
		revision = application.Spec.Source.TargetRevision
	}
	return &apiclient.ManifestRequest{
		Repo:                            &v1alpha1.Repository{Repo: application.Spec.Source.RepoURL, Type: "git"},
		Revision:                        revision,
		NoCache:                         wanted.NoCache || wanted.Hard,
		NoRevisionCache:                 wanted.Refresh || wanted.Hard,
		AppLabelKey:                     common.LabelKeyAppInstance,
		AppName:                         application.InstanceName(controllerNamespace),
		Namespace:                       application.Spec.Destination.Namespace,
		ApplicationSource:               application.Spec.Source,
		KustomizeOptions:                &v1alpha1.KustomizeOptions{},
		KubeVersion:                     wanted.KubeVersion,
		ApiVersions:                     wanted.APIVersions,
		TrackingMethod:                  string(v1alpha1.TrackingMethodAnnotation),
		HelmOptions:                     &v1alpha1.HelmOptions{},
		ProjectName:                     application.Spec.Project,
		ProjectSourceRepos:              []string{"*"},
		AnnotationManifestGeneratePaths: application.GetAnnotation(v1alpha1.AnnotationKeyManifestGeneratePaths),
	}
}

// failed converts a call's error.
func failed(call string, err error) *failure {
	said := status.Convert(err)
	return &failure{Call: call, Code: said.Code().String(), Message: said.Message()}
}
