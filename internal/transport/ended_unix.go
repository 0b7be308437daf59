//go:build linux || darwin

package transport

import "syscall"

// peek reports whether a read would return at once, be it with the end, an error or bytes.
func peek(conn syscall.Conn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	ended := false
	err = raw.Control(func(fd uintptr) { // not Read, which would wait for net/http's own
		var b [1]byte
		for {
			_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			if err == syscall.EINTR {
				continue
			}
			ended = err != syscall.EAGAIN
			return
		}
	})
	return ended || err != nil
}
