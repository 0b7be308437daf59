package program_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
)

func TestExitCodeTellsWhetherAnotherRunHelps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("reset"), 1},
		{linkit.ErrRateLimited, 1},
		{program.Usage(errors.New("-every: no")), 2},
		{fmt.Errorf("x: %w", &program.ExitError{Code: program.ExitRejected, Err: errors.New("2 records")}), 3},
		{fmt.Errorf("push: %w", &linkit.APIError{StatusCode: 403, Code: "BILLING_SERVICE_SUSPENDED"}), 4},
		{&linkit.ForbiddenError{}, 4},
		{&linkit.UnauthorizedError{}, 4},
		{errors.Join(errors.New("other"), linkit.ErrLogin), 4},
	} {
		assert.Equal(t, c.want, program.ExitCode(c.err), "%v", c.err)
	}
	assert.Contains(t, program.Advice(&linkit.APIError{StatusCode: 403, Code: "BILLING_SERVICE_SUSPENDED"}), "suspended")
	assert.Contains(t, program.Advice(&linkit.ForbiddenError{}), "LINKIT_ORGANIZATION_ID")
	assert.Empty(t, program.Advice(linkit.ErrServer))
}

func TestUsageKeepsItsReason(t *testing.T) {
	t.Parallel()
	reason := errors.New("-every: no")
	require.ErrorIs(t, program.Usage(reason), reason)
	assert.EqualError(t, program.Usage(reason), "-every: no")
}
