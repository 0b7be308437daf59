package pocketbase_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// PocketBase's own limits, when they are switched on.
var (
	apiLimit   = core.RateLimitRule{Label: "/api/", MaxRequests: 300, Duration: 10}
	loginLimit = core.RateLimitRule{Label: "/api/v1/auth/login", MaxRequests: 2, Duration: 3}
)

func key(i int) string { return fmt.Sprintf("ITEM-%05d", i) }

// within bounds what a job may take when it is only slowed down.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestSignInReadsTheRealResponse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	session, err := s.client(t).Auth.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, email, session.User.Email)
	assert.WithinDuration(t, time.Now().Add(time.Hour), session.ExpiresAt.Time, time.Minute)
}

func TestAWrongPasswordIsErrLogin(t *testing.T) {
	t.Parallel()
	_, err := newServer(t).client(t, linkit.WithLogin(email, "wrong-word-Zq")).Products.Count(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrLogin)
	require.ErrorIs(t, err, linkit.ErrUnauthorized)
	require.ErrorIs(t, err, linkit.ErrBadRequest) // PocketBase's status for it
	assert.NotContains(t, err.Error(), "wrong-word-Zq")
}

// An expired token makes a guest of its holder: the client signs in again before that happens.
func TestNoCallIsAGuests(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.token = 3 * time.Second
	s.fill(t, 5)
	client := s.client(t)
	for end := time.Now().Add(7 * time.Second); time.Now().Before(end); {
		count, err := client.Products.Count(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, 5, count)
		_, err = client.Products.Get(t.Context(), key(3))
		require.NoError(t, err)
	}
}

func TestAMissingRecordCostsNoSignIn(t *testing.T) {
	t.Parallel()
	s := newServer(t, loginLimit)
	client := s.client(t)
	for range 20 {
		_, err := client.Products.Get(t.Context(), "ITEM-none")
		require.ErrorIs(t, err, linkit.ErrNotFound)
	}
}

func TestFieldErrorsNameTheField(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.fill(t, 1)
	client := s.client(t)
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: key(0), NameEn: "a name"})
	require.ErrorIs(t, err, linkit.ErrConflict)
	var response *linkit.APIError
	require.ErrorAs(t, err, &response)
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	assert.Contains(t, response.Fields, "iv_id")
	assert.Contains(t, err.Error(), "iv_id")

	_, err = client.Products.Create(
		t.Context(),
		linkit.ProductParams{IvID: strings.Repeat("x", 51), AveragePrice: linkit.Ptr(-1.0)},
	)
	require.ErrorAs(t, err, &response)
	require.NotErrorIs(t, err, linkit.ErrConflict)
	assert.Contains(t, response.Fields, "iv_id")
	assert.Contains(t, response.Fields, "average_price")
}

// The records are PocketBase's own: ids of 15 characters, dates with a space.
func TestRecordsAreReadWhole(t *testing.T) {
	t.Parallel()
	client := newServer(t).client(t)
	made, err := client.Products.Create(
		t.Context(),
		linkit.ProductParams{IvID: key(1), NameEn: "a name", AveragePrice: linkit.Ptr(7.25)},
	)
	require.NoError(t, err)
	read, err := client.Products.Get(t.Context(), key(1))
	require.NoError(t, err)
	assert.Equal(t, made.ID, read.ID)
	assert.Len(t, read.ID, 15)
	assert.InDelta(t, 7.25, read.AveragePrice, 0)
	assert.WithinDuration(t, time.Now(), read.Created.Time, time.Minute)
}

func TestALongBulkWriteOnlySlowsDown(t *testing.T) {
	t.Parallel()
	s := newServer(t, apiLimit)
	const records = 20_000
	source := func(yield func(linkit.ProductParams, error) bool) {
		for i := range records {
			if !yield(linkit.ProductParams{IvID: key(i), NameEn: "a name"}, nil) {
				return
			}
		}
	}
	client := s.client(t, linkit.WithBulkSize(50))
	require.NoError(t, client.Products.BulkAll(within(t, 3*time.Minute), linkit.BulkUpsert, source, nil))
	total, err := s.app.CountRecords("products")
	require.NoError(t, err)
	assert.EqualValues(t, records, total)
}

func TestALongWalkOnlySlowsDown(t *testing.T) {
	t.Parallel()
	s := newServer(t, apiLimit)
	const pages = 500
	s.fill(t, pages*10)
	client := s.client(t, linkit.WithPrefetch(4))
	seen := 0
	for product, err := range client.Products.All(within(t, 3*time.Minute), &linkit.ProductListParams{ListParams: linkit.ListParams{Limit: 10}}) {
		require.NoError(t, err)
		require.Equal(t, key(seen), product.IvID)
		seen++
	}
	assert.Equal(t, pages*10, seen)
}

// Twenty clients without a store are what twenty processes are: each signs in by itself.
func TestAFleetThatSignsInAtOnceOnlySlowsDown(t *testing.T) {
	t.Parallel()
	s := newServer(t, loginLimit)
	ctx := within(t, 3*time.Minute)
	errs := make([]error, 20)
	var group sync.WaitGroup
	for i := range errs {
		client := s.client(t)
		group.Go(func() { _, errs[i] = client.Products.Count(ctx, nil) })
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}
