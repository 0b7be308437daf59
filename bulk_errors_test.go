package linkit_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestBulkAllErrorMatchesEachKindOfFailureHoweverMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newBulkServer()
		s.status = func(first, _ int) int {
			if status := map[int]int{50: 409, 60: -1, 61: -1, 70: 404, 80: 400}[first]; status != 0 {
				return status
			}
			return 422
		}
		err := newClient(
			t,
			s,
			linkit.WithBulkSize(1),
		).Products.BulkAll(
			t.Context(),
			linkit.BulkCreate,
			products(1000, nil),
			nil,
		)
		for _, kind := range []error{
			linkit.ErrValidation, linkit.ErrConflict, linkit.ErrUncertain, linkit.ErrNotFound, linkit.ErrBadRequest,
		} {
			require.ErrorIs(t, err, kind)
		}
		require.NotErrorIs(t, err, linkit.ErrForbidden)
		var lost *linkit.TransportError
		require.ErrorAs(t, err, &lost)
		joined, ok := err.(interface{ Unwrap() []error })
		require.True(t, ok)
		assert.Len(t, joined.Unwrap(), 24, "the first twenty, and one of each further kind")
	})
}
