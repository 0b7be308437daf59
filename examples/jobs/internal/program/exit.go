package program

import (
	"errors"
	"fmt"
	"io"

	"github.com/linkit-go/linkit"
)

// The exit codes of the jobs, for cron and systemd.
const (
	ExitOK       = 0 // everything is done
	ExitFailed   = 1 // something failed that another run may mend
	ExitUsage    = 2 // a flag, the query or the configuration is wrong
	ExitRejected = 3 // everything is done but for rejected records
	ExitPerson   = 4 // a person must do something before another run can succeed
)

// ExitError is an error with the exit code that it leads to.
type ExitError struct {
	Code int
	Err  error
}

// Error returns the text of Err.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }

// Usage returns an error that ends the program with ExitUsage.
func Usage(err error) error { return &ExitError{Code: ExitUsage, Err: err} }

// ExitCode returns the code that a program ends with after err.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if exit, ok := errors.AsType[*ExitError](err); ok {
		return exit.Code
	}
	if Advice(err) != "" {
		return ExitPerson
	}
	return ExitFailed
}

// Advice returns what a person must do about an error of the client that no retry mends, "" for any
// other.
func Advice(err error) string {
	switch {
	case errors.Is(err, linkit.ErrServiceSuspended):
		return "the organization is suspended: settle its payments, then start this again; nothing is lost meanwhile"
	case errors.Is(err, linkit.ErrLogin):
		return "Linkit refuses to sign in: check LINKIT_EMAIL and LINKIT_PASSWORD, then start this again"
	case errors.Is(err, linkit.ErrUnauthorized):
		return "Linkit refuses the credential: put a valid one into LINKIT_API_KEY (or LINKIT_TOKEN), then start this again"
	case errors.Is(err, linkit.ErrForbidden):
		return "the credential has no access: check LINKIT_ORGANIZATION_ID and the credential's rights, then start this again"
	}
	return ""
}

// Report says why the program called name ends, if err isn't nil, and returns its exit code. What is
// wrong with the flags goes to errs, anything else to the log.
func Report(out *Output, errs io.Writer, name string, err error) int {
	code := ExitCode(err)
	switch {
	case err == nil:
	case code == ExitUsage:
		_, _ = fmt.Fprintf(errs, "%s: %s\n", name, err)
	case Advice(err) != "":
		out.Log.Error(Advice(err), "error", err.Error())
	case code == ExitRejected:
		out.Log.Warn(err.Error())
	default:
		out.Log.Error(name+" failed", "error", err.Error())
	}
	return code
}
