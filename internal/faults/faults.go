// Package faults runs the client against real servers that misbehave: nginx, toxiproxy and a
// CONNECT proxy, all on loopback, in front of a backend that counts each write's effects. Every
// write must have taken effect once if its call succeeded, not at all if the error says so, and at
// most once if the error is linkit.ErrUncertain.
package faults
