package main

// Ports for servers that do not accept port 0.

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Below the kernel's range of ephemeral ports, because a restarted server needs the same port and any ephemeral port may
// be in use by a client.
const lowest, highest = 12000, 32000

// freePort returns an unused loopback port.
func freePort() (int, error) {
	var last error
	for range 100 {
		port := lowest + rand.IntN(highest-lowest)
		listener, err := net.Listen("tcp", local(port))
		if err == nil {
			return port, listener.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("no free port between %d and %d on 127.0.0.1: %w", lowest, highest, last)
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
