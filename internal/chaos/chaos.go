// Package chaos runs everything at once while it is stopped and killed at random, and accounts for it
// at the end.
//
// Clients write through nginx, with a session and a limit that they share in Redis; stocksync and
// orderfeed of examples/jobs work on PostgreSQL. The victims of SIGSTOP and SIGKILL are all of these
// processes, and the servers with their workers.
//
// At the end every write has taken effect once if its call succeeded, not at all if the error says
// so, and at most once if the error is linkit.ErrUncertain or its process was killed meanwhile. The
// stock is that of the database. Each change of an order that was seen stands once and in order, and
// was handed on.
package chaos
