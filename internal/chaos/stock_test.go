package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

const (
	stockBranches = 8
	stockProducts = 60
)

// stock is stocksync on a table that changes all the time.
type stock struct {
	*jobs
	sync []*job
}

func startStock(t *testing.T, j *jobs) *stock {
	t.Helper()
	for i := range stockBranches {
		j.service.AddBranches(linkit.Branch{IvID: fmt.Sprintf("BR-%d", i)})
	}
	for i := range stockProducts {
		j.service.AddProducts(linkit.Product{IvID: fmt.Sprintf("ITEM-%d", i)})
	}
	for _, statement := range []string{
		`CREATE TABLE stock (product text, branch text, qty integer, price numeric(12, 2), PRIMARY KEY (product, branch))`,
		fmt.Sprintf(`INSERT INTO stock SELECT 'ITEM-' || p, 'BR-' || b, p, 5 + p * 0.25
			FROM generate_series(0, %d) p, generate_series(0, %d) b`, stockProducts-1, stockBranches-1),
	} {
		_, err := j.db.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	s := &stock{jobs: j}
	for range 2 {
		s.sync = append(s.sync, j.start(t, "stocksync", s.args("-every", "500ms")...))
	}
	return s
}

func (s *stock) args(more ...string) []string {
	return append([]string{"-dsn", s.dsn, "-query", "SELECT product, branch, qty, price FROM stock",
		"-live", "-yes", "-timeout", "3s", "-shards", "4", "-workers", "2"}, more...)
}

// change changes the table until ctx ends. Half of the branches change seldom: what is lost there
// isn't made up for by the next change.
func (s *stock) change(ctx context.Context) {
	for wait(ctx, rand.N(100*time.Millisecond)) {
		s.exec(ctx, `UPDATE stock SET qty = qty + 1, price = price + 0.05
			WHERE random() < CASE WHEN branch < 'BR-4' THEN 0.01 ELSE 0.001 END`)
	}
}

// check ends the processes, lets one more run find what is left, and compares each record.
func (s *stock) check(t *testing.T) string {
	t.Helper()
	for _, p := range s.sync {
		p.terminate(t)
	}
	last := s.command("stocksync", s.args("-once")...)
	text, err := last.CombinedOutput()
	require.NoError(t, err, "%s", text)
	rows, err := s.db.Query(t.Context(), "SELECT product || '_' || branch, qty, price::float8 FROM stock")
	require.NoError(t, err)
	defer rows.Close()
	records, changes := 0, 0
	var wrong []string
	for rows.Next() {
		var key string
		var qty int
		var price float64
		require.NoError(t, rows.Scan(&key, &qty, &price))
		status, body := s.service.Peek(linkittest.OrganizationID, "/skus/"+key)
		var sku linkit.SKU
		require.NoError(t, json.Unmarshal(body, &sku), "%s", body)
		if status != http.StatusOK || sku.Qty == nil || *sku.Qty != qty || sku.Price != price {
			wrong = append(wrong, fmt.Sprintf("%s: %d at %v instead of %s", key, qty, price, body))
		}
		records, changes = records+1, changes+qty
	}
	require.NoError(t, rows.Err())
	assert.Empty(t, wrong, "records that differ")
	changes -= stockBranches * stockProducts * (stockProducts - 1) / 2
	assert.Positive(t, changes)
	return fmt.Sprintf("stock: %d SKUs equal after %d changes", records, changes)
}
