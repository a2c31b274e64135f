package main

// The server's listener. Only loopback addresses are valid, because the root token is stored in a file.

import (
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
)

// listener has the open socket, and the values that a client needs.
type listener struct {
	socket net.Listener
	// url is the value of VAULT_ADDR.
	url string
	// authority is the file for VAULT_CACERT; empty for plain HTTP.
	authority string
}

// listen opens the socket and creates the certificate, if HTTPS is enabled.
func listen(wanted settings) (*listener, error) {
	address, err := net.ResolveTCPAddr("tcp", wanted.address)
	if err != nil {
		return nil, fmt.Errorf("expected --address HOST:PORT: %w", err)
	}
	if !address.IP.IsLoopback() {
		return nil, fmt.Errorf("expected a loopback address such as 127.0.0.1:0 for --address, got %q", wanted.address)
	}
	socket, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, err
	}
	if !wanted.tls {
		return &listener{socket: socket, url: "http://" + socket.Addr().String()}, nil
	}
	authority := filepath.Join(wanted.dir, "ca.pem")
	certificate, err := serverCertificate(address.IP, authority)
	if err != nil {
		socket.Close()
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	return &listener{socket: tls.NewListener(socket, config), url: "https://" + socket.Addr().String(), authority: authority}, nil
}
