package linkit_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// tooLargeBeyond is a server that takes requests of so many records, and none that holds one of the
// huge.
type tooLargeBeyond struct {
	mu    sync.Mutex
	most  int
	huge  []string
	sizes []int // of the requests that were taken
	large []int // ... and of those that were not
	seen  map[string]int
}

func (s *tooLargeBeyond) RoundTrip(r *http.Request) (*http.Response, error) {
	var body struct {
		Products []linkit.ProductParams `json:"products"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status := http.StatusOK
	for _, p := range body.Products {
		if slices.Contains(s.huge, p.IvID) {
			status = http.StatusRequestEntityTooLarge
		}
	}
	if len(body.Products) > s.most {
		status = http.StatusRequestEntityTooLarge
	}
	if status != http.StatusOK {
		s.large = append(s.large, len(body.Products))
	} else {
		s.sizes = append(s.sizes, len(body.Products))
		for _, p := range body.Products {
			s.seen[p.IvID]++
		}
	}
	text := `{"success":true}`
	if status != http.StatusOK {
		text = `{"success":false,"error":"too large","code":"PAYLOAD_TOO_LARGE"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))}, nil
}

func TestARequestThatIsTooLargeIsHalvedUntilItFitsAndTheSizeIsKept(t *testing.T) {
	t.Parallel()
	for _, mode := range []linkit.BulkMode{linkit.BulkCreate, linkit.BulkUpsert} {
		s := &tooLargeBeyond{most: 300, seen: map[string]int{}}
		next := 0
		err := newClient(
			t,
			s,
			linkit.WithMaxConcurrency(1),
		).Products.BulkAll(
			t.Context(),
			mode,
			products(4000, nil),
			func(r linkit.BulkResult) {
				assert.Equal(t, next, r.Offset)
				require.NoError(t, r.Err)
				next += r.Count
			},
		)
		require.NoError(t, err)
		assert.Equal(t, 4000, next)
		assert.Len(t, s.seen, 4000)
		assert.Equal(t, []int{1000, 500}, s.large)
		assert.Equal(t, 250, slices.Max(s.sizes))
		for key, times := range s.seen {
			assert.Equal(t, 1, times, key)
		}
	}
}

func TestARecordThatIsTooLargeAloneIsRejectedAndTheOthersAreSent(t *testing.T) {
	t.Parallel()
	for _, huge := range []int{0, 1, 777, 999, 2499} {
		key := fmt.Sprintf("P%05d", huge)
		s := &tooLargeBeyond{most: 1000, huge: []string{key}, seen: map[string]int{}}
		covered := 0
		var rejected []linkit.RejectedRecord
		err := newClient(
			t,
			s,
		).Products.BulkAll(
			t.Context(),
			linkit.BulkUpsert,
			products(20_000, nil),
			func(r linkit.BulkResult) {
				assert.Equal(t, covered, r.Offset)
				covered += r.Count
				rejected = append(rejected, r.Rejected...)
			},
		)
		require.ErrorIs(t, err, linkit.ErrRejected)
		require.NotErrorIs(t, err, linkit.ErrInvalid)
		var rejection *linkit.RejectedError
		require.ErrorAs(t, err, &rejection)
		assert.Equal(t, 1, rejection.Count)
		var response *linkit.APIError
		require.ErrorAs(t, err, &response)
		assert.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
		assert.Equal(t, 20_000, covered)
		assert.Len(t, s.seen, 19_999)
		require.Len(t, rejected, 1)
		assert.Equal(t, huge, rejected[0].Index)
		assert.Equal(t, key, rejected[0].Key)
		assert.Equal(t, http.StatusRequestEntityTooLarge, rejected[0].StatusCode)
		assert.Equal(t, "PAYLOAD_TOO_LARGE", rejected[0].Code)
		assert.Less(t, len(s.sizes), 150, "one large record makes all requests small")
	}
}

func TestBulkReturnsThe413WhichNamesWithBulkSize(t *testing.T) {
	t.Parallel()
	client := newRecorder(t, http.StatusRequestEntityTooLarge, `{}`).client
	_, err := client.Products.Bulk(t.Context(), linkit.BulkUpsert, make([]linkit.ProductParams, 2))
	var response *linkit.APIError
	require.ErrorAs(t, err, &response)
	assert.ErrorContains(t, err, "WithBulkSize")
}
