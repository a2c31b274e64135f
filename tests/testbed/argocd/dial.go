package main

// `dial` calls a plugin's socket with the repo-server's own client and archive, and prints the answer as one line of JSON.
//
// Only this client sends the socket's path with escaped slashes as `:authority`, which other HTTP/2 libraries reject.

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/cmp"
	retry "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/protobuf/types/known/emptypb"
)

// dialAnswer is the answer of a plugin: of the check and of the call after it, or an error.
type dialAnswer struct {
	Check   any      `json:"check,omitempty"`
	Answer  any      `json:"answer,omitempty"`
	Seconds float64  `json:"seconds"`
	Error   *failure `json:"error,omitempty"`
}

// dialSettings has the command line arguments.
type dialSettings struct {
	socket      string
	root        string
	path        string
	call        string
	environment []string
	timeout     time.Duration
}

func dial() int {
	flags := flag.NewFlagSet("dial SOCKET", flag.ExitOnError)
	var wanted dialSettings
	flags.StringVar(&wanted.root, "root", "", "the folder that is sent, as the root of a repository")
	flags.StringVar(&wanted.path, "path", ".", "the application's folder below the root")
	flags.StringVar(&wanted.call, "call", "generate", "what is called after the check: generate, match or parameters")
	flags.DurationVar(&wanted.timeout, "timeout", defaultDeadline, "the deadline of all calls together")
	flags.Func("env", "one variable for the plugin, as NAME=VALUE (repeatable)", func(text string) error {
		if name, _, ok := strings.Cut(text, "="); !ok || name == "" {
			return fmt.Errorf("expected NAME=VALUE, got %q", text)
		}
		wanted.environment = append(wanted.environment, text)
		return nil
	})
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		wanted.socket = os.Args[1]
		_ = flags.Parse(os.Args[2:])
	} else {
		_ = flags.Parse(os.Args[1:])
	}
	if wanted.socket == "" || wanted.root == "" || flags.NArg() > 0 || streams[wanted.call] == nil {
		fmt.Fprintln(os.Stderr, "eod-argocd dial: expected SOCKET --root FOLDER [--path PATH] [--call generate|match|parameters] [--env NAME=VALUE] [--timeout 60s]")
		return 2
	}
	printLine(dialInTime(wanted))
	return 0
}

// dialInTime returns at the deadline. The client itself opens its connection without a deadline.
func dialInTime(wanted dialSettings) dialAnswer {
	ctx, cancel := context.WithTimeout(context.Background(), wanted.timeout)
	defer cancel()
	begun := time.Now()
	answers := make(chan dialAnswer, 1)
	go func() { answers <- dialSocket(ctx, wanted) }()
	var answer dialAnswer
	select {
	case answer = <-answers:
	case <-time.After(wanted.timeout + time.Second):
		answer = dialAnswer{Error: &failure{Call: "dial", Code: "DeadlineExceeded", Message: fmt.Sprintf("no connection to %s after %s", wanted.socket, wanted.timeout)}}
	}
	answer.Seconds = time.Since(begun).Seconds()
	return answer
}

func dialSocket(ctx context.Context, wanted dialSettings) dialAnswer {
	socket, err := filepath.Abs(wanted.socket)
	if err != nil {
		return dialAnswer{Error: failed("dial", err)}
	}
	connection, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return dialAnswer{Error: failed("dial", err)}
	}
	defer connection.Close()
	check, err := client.CheckPluginConfiguration(ctx, &emptypb.Empty{})
	if err != nil {
		return dialAnswer{Error: failed("CheckPluginConfiguration", err)}
	}
	answer, err := streams[wanted.call](ctx, client, wanted)
	if err != nil {
		return dialAnswer{Check: check, Error: failed(wanted.call, err)}
	}
	return dialAnswer{Check: check, Answer: answer}
}

// pluginClient is the client of one connection.
type pluginClient = apiclient.ConfigManagementPluginServiceClient

// streams are the calls that send the folder.
var streams = map[string]func(context.Context, pluginClient, dialSettings) (any, error){
	"generate": func(ctx context.Context, client pluginClient, wanted dialSettings) (any, error) {
		stream, err := client.GenerateManifest(ctx, retry.Disable())
		return exchange[*apiclient.ManifestResponse](ctx, stream, err, wanted)
	},
	"match": func(ctx context.Context, client pluginClient, wanted dialSettings) (any, error) {
		stream, err := client.MatchRepository(ctx, retry.Disable())
		return exchange[*apiclient.RepositoryResponse](ctx, stream, err, wanted)
	},
	"parameters": func(ctx context.Context, client pluginClient, wanted dialSettings) (any, error) {
		stream, err := client.GetParametersAnnouncement(ctx, retry.Disable())
		return exchange[*apiclient.ParametersAnnouncementResponse](ctx, stream, err, wanted)
	},
}

// stream is a call that sends a folder and gets one answer.
type stream[Answer any] interface {
	cmp.StreamSender
	CloseAndRecv() (Answer, error)
}

// exchange sends the whole archive of the folder before it reads the answer.
func exchange[Answer any](ctx context.Context, open stream[Answer], err error, wanted dialSettings) (any, error) {
	if err != nil {
		return nil, err
	}
	root, err := filepath.Abs(wanted.root)
	if err != nil {
		return nil, err
	}
	err = cmp.SendRepoStream(ctx, filepath.Join(root, wanted.path), root, open, wanted.environment, nil)
	if err != nil {
		return nil, fmt.Errorf("error sending file to cmp-server: %w", err)
	}
	return open.CloseAndRecv()
}
