package main

// The command line of each published server.

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/argoproj/argo-cd/v3/cmpserver/plugin"
)

// stock is the prefix of Argo CD's own plugin servers in commands, followed by the name.
const stock = "cmp-server/"

// repoServerPart is the server that renders. It keeps its two ports when it is restarted.
func (c *argocd) repoServerPart() (part, error) {
	environment, err := c.scratch.environment("repo-server", c.wanted.environment)
	if err != nil {
		return part{}, err
	}
	arguments := []string{
		"repo-server",
		"--disable-tls",
		// The default is a file, which is an error if TLS is disabled.
		"--client-ca-path=",
		"--redis=" + c.redis,
		"--address=127.0.0.1",
		fmt.Sprintf("--port=%d", c.repoServer),
		"--metrics-address=127.0.0.1",
		fmt.Sprintf("--metrics-port=%d", c.repoServerMetrics),
	}
	return part{
		name:        "repo-server",
		arguments:   append(arguments, c.wanted.repoServer...),
		log:         c.scratch.log("repo-server"),
		environment: environment,
		ready:       func() error { return healthy("http://" + local(c.repoServerMetrics) + "/healthz?full=true") },
	}, nil
}

// stockPart is Argo CD's own plugin server with the settings of PLUGINS/NAME/plugin.yaml.
func (c *argocd) stockPart(name string) (part, error) {
	own := strings.TrimPrefix(name, stock)
	if own == "" || own != filepath.Base(own) {
		return part{}, fmt.Errorf("expected %sNAME with the name of a folder in %s, got %q", stock, c.scratch.plugins(), name)
	}
	folder := filepath.Join(c.scratch.plugins(), own)
	settings, err := plugin.ReadPluginConfig(folder)
	if err != nil {
		return part{}, err
	}
	// Its own folder for temporary files, because it empties the folder at its start.
	environment, err := c.scratch.environment(name, c.wanted.environment)
	if err != nil {
		return part{}, err
	}
	socket := filepath.Join(c.scratch.sockets(), filepath.Base(settings.Address()))
	return part{
		name:        name,
		arguments:   []string{"cmp-server", "--config-dir-path=" + folder},
		log:         c.scratch.log("cmp-server-" + own),
		environment: environment,
		socket:      socket,
		// It removes its socket and continues to run.
		ignoresFirstSignal: true,
		ready:              func() error { return listening(socket) },
	}, nil
}

// listening checks that a server accepts connections on a socket.
func listening(socket string) error {
	if _, err := os.Stat(socket); err != nil {
		return err
	}
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return connection.Close()
}
