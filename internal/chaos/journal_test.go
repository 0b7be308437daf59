package chaos_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// kind is what a write does.
type kind string

const (
	createProduct  kind = "create a product"
	createOffer    kind = "create an offer"
	createProducts kind = "create products"
	updateProduct  kind = "update a product"
	upsertProducts kind = "upsert products"
)

// idempotent reports whether the client may repeat the write.
func (k kind) idempotent() bool { return k == updateProduct || k == upsertProducts }

const bulkRecords = 20 // of one bulk write

// write is one call that writes.
type write struct {
	ID   string // of the call: the name that the record gets; with bulk, the start of the records' names
	Kind kind
	Key  string // of an updated product
}

// names returns the names that the write gives to records. No other write gives them.
func (w *write) names() []string {
	if w.Kind != createProducts && w.Kind != upsertProducts {
		return []string{w.ID}
	}
	names := make([]string, bulkRecords)
	for i := range names {
		names[i] = fmt.Sprintf("%s.%d", w.ID, i)
	}
	return names
}

// result is what is known of a write.
type result string

const (
	known     result = "known"
	uncertain result = "uncertain"
	refused   result = "refused"
	unknown   result = "unknown" // the process was killed before it wrote the result down
)

func resultOf(err error) result {
	switch {
	case err == nil:
		return known
	case errors.Is(err, linkit.ErrUncertain):
		return uncertain
	}
	return refused
}

// outcome is the result of a call.
type outcome struct {
	Write    string // its ID
	Result   result
	Attempts int
	Error    string
}

// line is one line of a journal: one of its fields is set.
type line struct {
	Intent  *write   `json:",omitempty"`
	Outcome *outcome `json:",omitempty"`
	Mixed   string   `json:",omitempty"` // a read that returned something else
}

// journal is where a process writes down each write before and after it, in a file of its own. What
// was written survives the process.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

func (j *journal) add(l *line) {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err) // strings can't fail
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(text, '\n')); err != nil {
		panic(err)
	}
}

// entry is a write with its outcome.
type entry struct {
	write
	outcome
}

// readJournal returns the writes of a file, in the order of their intents, and the reads that were
// mixed up. A last line that was broken off counts as not written.
func readJournal(path string) (entries []*entry, mixed []string, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) { // killed before it began
		return nil, nil, nil
	}
	byID := map[string]*entry{}
	for text := range strings.Lines(string(text)) {
		if !strings.HasSuffix(text, "\n") {
			break
		}
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		switch {
		case l.Intent != nil:
			e := &entry{write: *l.Intent, outcome: outcome{Result: unknown}}
			byID[l.Intent.ID] = e
			entries = append(entries, e)
		case l.Outcome != nil:
			byID[l.Outcome.Write].outcome = *l.Outcome
		default:
			mixed = append(mixed, l.Mixed)
		}
	}
	return entries, mixed, err
}

func TestJournalThatABrokenOffLineEndsLeavesTheWriteUnknown(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	text := `{"Intent":{"ID":"w0.1.0.0","Kind":"create a product"}}
{"Outcome":{"Write":"w0.1.0.0","Result":"known","Attempts":2}}
{"Mixed":"A instead of B"}
{"Intent":{"ID":"w0.1.0.1","Kind":"create an offer"}}
{"Outcome":{"Write":"w0.1.0.1","Resu`
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	entries, mixed, err := readJournal(path)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	assert.Equal(t, outcome{Write: "w0.1.0.0", Result: known, Attempts: 2}, entries[0].outcome)
	assert.Equal(t, outcome{Result: unknown}, entries[1].outcome)
	assert.Equal(t, createOffer, entries[1].Kind)
	assert.Equal(t, []string{"A instead of B"}, mixed)
}
