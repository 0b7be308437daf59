// Package chaos runs processes that use the client through nginx, with a session and a limit that
// they share in Redis, while all of them and the servers are stopped and killed at random. At the
// end every write is accounted for: it has taken effect once if its call succeeded, not at all if
// the error says so, and at most once if the error is linkit.ErrUncertain or its process was killed
// meanwhile.
package chaos
