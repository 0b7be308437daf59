package linkittest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkittest"
)

// kinds are faults that exclude one another, and what a client sees of each.
var kinds = map[string]linkittest.Fault{
	"status 503":  {Method: "POST", Status: 503},
	"status 200":  {Method: "POST", Body: `["fault"]`},
	"lost before": {Method: "POST", DropBefore: true},
	"lost after":  {Method: "POST", DropAfter: true},
	"truncated":   {Method: "POST", Truncate: true},
}

// meet sends a write and returns the kind of fault that it met.
func meet(t *testing.T, server *linkittest.Server, ivID string) string {
	t.Helper()
	res, err := trySend(t, server, "POST", "/products", `{"iv_id":"`+ivID+`"}`)
	done := send(t, server, "GET", "/products/"+ivID, "").status == 200
	switch {
	case err != nil && res.status != 0:
		return "truncated"
	case err != nil && done:
		return "lost after"
	case err != nil:
		return "lost before"
	}
	return fmt.Sprintf("status %d", res.status)
}

func TestTheOldestOfTwoFaultsAppliesAndThenTheOther(t *testing.T) {
	t.Parallel()
	for first, one := range kinds {
		for second, other := range kinds {
			t.Run(first+", "+second, func(t *testing.T) {
				t.Parallel()
				server := newServer(t)
				server.Inject(one)
				server.Inject(other)
				assert.Equal(t, first, meet(t, server, "A"))
				assert.Equal(t, second, meet(t, server, "B"))
				assert.Equal(t, "status 201", meet(t, server, "C"))
			})
		}
	}
}

func TestFaultsThatOnlyModifyApplyInAdditionInAnyOrder(t *testing.T) {
	t.Parallel()
	all := []linkittest.Fault{
		{Status: 503, Body: `"down"`, Header: http.Header{"X-Status": {"1"}}},
		{Header: http.Header{"X-Only": {"1"}}},
		{Delay: 1, Header: http.Header{"X-Delay": {"1"}}},
	}
	for _, order := range [][]int{{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}} {
		server := newServer(t)
		for _, i := range order {
			server.Inject(all[i])
		}
		res := send(t, server, "GET", "/ping", "")
		assert.Equal(t, 503, res.status, order)
		assert.Equal(t, `"down"`, res.body, order)
		for _, name := range []string{"X-Status", "X-Only", "X-Delay"} {
			assert.Equal(t, "1", res.header.Get(name), order)
		}
		assert.Equal(t, 200, send(t, server, "GET", "/ping", "").status, order)
	}
	server := newServer(t)
	server.Inject(linkittest.Fault{Status: 503})
	server.Inject(all[1])
	res := send(t, server, "GET", "/ping", "")
	assert.Equal(t, 503, res.status)
	assert.Equal(t, "1", res.header.Get("X-Only"), "also with one that has no header")
}

func TestFaultsApplyWithoutRecording(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithoutRecording())
	asked := 0
	server.Inject(linkittest.Fault{Status: 503, Match: func(r linkittest.Request) bool {
		asked++
		return r.Path == "/ping"
	}})
	for _, want := range []int{503, 200, 200} {
		assert.Equal(t, want, send(t, server, "GET", "/ping", "").status)
	}
	assert.Equal(t, 1, asked, "a fault that has applied as often as it says is gone")
	assert.Empty(t, server.Requests())
}

func TestARefusalOfAnotherRecordIsNoneOfOneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Refuse("/offers", "Ramadan", 409, "")
	assert.Equal(t, 404, send(t, server, "DELETE", "/offers/none", "").status)
	assert.Equal(t, 404, send(t, server, "PATCH", "/offers/none/status", `{"is_active":true}`).status)
	assert.Equal(t, 400, send(t, server, "PATCH", "/offers/none/status", `{"is_active":7}`).status)
	require.Equal(t, 201, send(t, server, "POST", "/offers", `{"name":"Eid"}`).status)
	assert.Equal(t, 409, send(t, server, "POST", "/offers", `{"name":"Ramadan"}`).status)
}

func TestARefusalHasTheStatusOfAnError(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for status, panics := range map[int]bool{0: true, 200: true, 399: true, 400: false, 999: false, 1000: true} {
		refuse := func() { server.Refuse("/products", "A", status, "")() }
		if panics {
			assert.Panics(t, refuse, status)
		} else {
			assert.NotPanics(t, refuse, status)
		}
	}
}
