package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// service is the fake service, which counts the effects of every write by the names that it gives.
type service struct {
	*linkittest.Server
	mu      sync.Mutex
	effects map[string]int
	signIns int
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{effects: map[string]int{}}
	s.Server = linkittest.New(t, linkittest.WithoutRecording(), linkittest.WithObserver(s.observe))
	return s
}

var nameMember = regexp.MustCompile(`"name(?:_en)?":"(w\d[\d.]*)"`)

// observe counts the effects of a request. What is refused because it is there already was written
// twice as well.
func (s *service) observe(x linkittest.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	accepted := x.StatusCode >= 200 && x.StatusCode < 300
	if x.Request.Route == "/auth/login" && accepted {
		s.signIns++
	}
	if x.Request.Method == http.MethodGet || !accepted && x.StatusCode != http.StatusConflict {
		return
	}
	names := nameMember.FindAllSubmatch(x.Request.Body, -1)
	for _, match := range names {
		s.effects[string(match[1])]++
	}
	if len(names) > 0 { // the response isn't written before that: what is killed now leaves the result open
		wait(context.Background(), rand.N(5*time.Millisecond))
	}
}

// account compares what the writers know with what has happened.
type account struct {
	service *service
	count   map[result]int
	wrong   []string
}

// balance checks every write of the journals, and returns the figures.
func (s *service) balance(t *testing.T, journals []string) string {
	t.Helper()
	a := &account{service: s, count: map[result]int{}}
	for _, path := range journals {
		entries, mixed, err := readJournal(path)
		require.NoError(t, err)
		assert.Empty(t, mixed, "reads that returned something else")
		a.checkAll(entries)
	}
	assert.Empty(t, a.wrong, "of %d", len(a.wrong))
	assert.Greater(t, a.count[known], 100, "most writes succeed")
	return fmt.Sprintf("writes: %d known, %d uncertain, %d unknown, %d refused, %d sign-ins",
		a.count[known], a.count[uncertain], a.count[unknown], a.count[refused], s.signIns)
}

// checkAll checks the writes of one journal.
func (a *account) checkAll(entries []*entry) {
	updates := map[string][]*entry{}
	for _, e := range entries {
		a.check(e)
		if e.Kind == updateProduct {
			updates[e.Key] = append(updates[e.Key], e)
		}
	}
	for key, list := range updates {
		a.checkLast(key, list)
	}
}

// check compares one write with its effects.
func (a *account) check(e *entry) {
	a.count[e.Result]++
	least, most := 0, 1
	switch e.Result {
	case known:
		least = 1
	case refused:
		most = 0
	case uncertain, unknown:
	}
	if e.Kind.idempotent() && most > 0 {
		if most = max(e.Attempts, 1); e.Result == unknown {
			most = 1 << 30 // how often it was repeated wasn't written down
		}
	}
	for _, name := range e.names() {
		if n := a.service.effects[name]; n < least || n > most {
			a.wrong = append(a.wrong, fmt.Sprintf("%s took effect %d times: %+v", name, n, *e))
		}
	}
}

// checkLast compares what a product holds with its updates: the last that succeeded, or one after it
// that may have. An earlier one may stand over it only if one of its attempts was left open, and so
// may have reached the server later.
func (a *account) checkLast(key string, updates []*entry) {
	may, left := []string{key}, []string(nil)
	for _, u := range updates {
		if u.Result == refused {
			continue
		}
		if u.Result == known {
			may = nil
		}
		may = append(may, u.ID)
		if u.Result != known || u.Attempts > 1 {
			left = append(left, u.ID)
		}
	}
	if name := a.service.name(key); !slices.Contains(may, name) && !slices.Contains(left, name) {
		a.wrong = append(a.wrong, fmt.Sprintf("%s was left as %q after %d updates", key, name, len(updates)))
	}
}

// name returns the name of a writer's product.
func (s *service) name(key string) string {
	var writer int
	if _, err := fmt.Sscanf(key, "w%d.", &writer); err != nil {
		return err.Error()
	}
	var product struct {
		NameEn string `json:"name_en"`
	}
	if status, body := s.Peek(organization(writer), "/products/"+key); status != http.StatusOK ||
		json.Unmarshal(body, &product) != nil {
		return fmt.Sprintf("%d %s", status, body)
	}
	return product.NameEn
}

func TestAccountFindsEveryWriteThatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind     kind
		result   result
		attempts int
		effects  int
		wrong    bool
	}{
		{createOffer, known, 1, 1, false},
		{createOffer, known, 3, 1, false},
		{createOffer, known, 1, 0, true},
		{createOffer, known, 2, 2, true},
		{createProducts, known, 1, 2, true},
		{createProduct, uncertain, 1, 0, false},
		{createProduct, uncertain, 1, 1, false},
		{createProduct, uncertain, 1, 2, true},
		{createProduct, unknown, 0, 1, false},
		{createProduct, unknown, 0, 2, true},
		{createProduct, refused, 1, 0, false},
		{createProduct, refused, 1, 1, true},
		{upsertProducts, known, 1, 2, true},
		{upsertProducts, known, 3, 2, false},
		{upsertProducts, known, 3, 4, true},
		{upsertProducts, uncertain, 3, 4, true},
		{upsertProducts, unknown, 0, 4, false},
		{upsertProducts, refused, 2, 1, true},
	} {
		e := &entry{write{ID: "w0.1.0.0", Kind: c.kind}, outcome{Result: c.result, Attempts: c.attempts}}
		a := &account{service: &service{effects: map[string]int{}}, count: map[result]int{}}
		for _, name := range e.names() {
			a.service.effects[name] = c.effects
		}
		a.checkAll([]*entry{e})
		assert.Equal(t, c.wrong, len(a.wrong) > 0, "%+v", c)
	}
}

func TestAccountFindsAnOlderValueThatStandsOverANewerOne(t *testing.T) {
	t.Parallel()
	const key = "w0.1.0.0"
	known1, known2 := outcome{Result: known, Attempts: 1}, outcome{Result: known, Attempts: 2}
	for _, c := range []struct {
		outcomes []outcome // of updates called a, b and c
		stands   string
		wrong    bool
	}{
		{[]outcome{known1}, "a", false},
		{[]outcome{known1}, key, true},
		{[]outcome{known1, known1}, "b", false},
		{[]outcome{known1, known1}, "a", true},
		{[]outcome{known2, known1}, "a", false},
		{[]outcome{{Result: uncertain}, known1}, "a", false},
		{[]outcome{known1, {Result: uncertain}}, "a", false},
		{[]outcome{known1, {Result: unknown}}, "b", false},
		{[]outcome{known1, {Result: refused}}, "b", true},
		{[]outcome{known1, known1, {Result: refused}}, "a", true},
	} {
		s := &service{Server: linkittest.New(t)}
		s.AddProducts(linkit.Product{OrganizationID: organization(0), IvID: key, NameEn: c.stands})
		a := &account{service: s}
		var updates []*entry
		for i, o := range c.outcomes {
			updates = append(updates, &entry{write{ID: string(rune('a' + i)), Kind: updateProduct, Key: key}, o})
		}
		a.checkLast(key, updates)
		assert.Equal(t, c.wrong, len(a.wrong) > 0, "%+v", c)
	}
}
