package program

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit"
)

func TestReportSaysWhyAProgramEndsWhereItIsLookedFor(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err         error
		code        int
		log, stderr string
	}{
		{nil, ExitOK, "", ""},
		{Usage(errors.New("-every: no")), ExitUsage, "", "job: -every: no\n"},
		{&linkit.ForbiddenError{}, ExitPerson, "level=ERROR msg=\"the credential has no access: check LINKIT_ORGANIZATION_ID", ""},
		{&ExitError{ExitRejected, errors.New("2 records were rejected")}, ExitRejected, "level=WARN msg=\"2 records were rejected\"\n", ""},
		{errors.New("reset"), ExitFailed, "level=ERROR msg=\"job failed\" error=reset\n", ""},
	} {
		var log, stderr bytes.Buffer
		assert.Equal(t, row.code, Report(newOutput(&log, true), &stderr, "job", row.err))
		assert.Equal(t, row.stderr, stderr.String())
		assert.Contains(t, log.String(), row.log)
		assert.Equal(t, row.log == "", log.Len() == 0)
	}
}
