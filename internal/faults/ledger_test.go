package faults_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit"
)

// ledger notes the outcome of each write, to be compared with what the backend counted.
type ledger struct {
	mu                          sync.Mutex
	certain, uncertain, refused []string // keys
	mixed                       []string // reads that returned something else
	failed                      map[string]int
}

// note files the keys of one write under its error.
func (l *ledger) note(err error, keys ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.certain = append(l.certain, keys...)
		return
	case errors.Is(err, linkit.ErrUncertain):
		l.uncertain = append(l.uncertain, keys...)
	default:
		l.refused = append(l.refused, keys...)
	}
	l.failure(err)
}

func (l *ledger) failure(err error) {
	if l.failed == nil {
		l.failed = map[string]int{}
	}
	text := err.Error()
	l.failed[text[:min(len(text), 160)]]++
}

// check compares the ledger with the backend.
func (l *ledger) check(t *testing.T, b *backend) {
	t.Helper()
	var doubled, missing, acted int
	for _, key := range l.certain {
		switch n := b.written(key); {
		case n == 0:
			missing++
		case n > 1:
			doubled++
		}
	}
	for _, key := range l.uncertain {
		if b.written(key) > 1 {
			doubled++
		}
	}
	for _, key := range l.refused {
		if b.written(key) > 0 {
			acted++
		}
	}
	t.Logf("%d written, %d uncertain, %d not written", len(l.certain), len(l.uncertain), len(l.refused))
	assert.Zero(t, doubled, "writes that took effect twice")
	assert.Zero(t, missing, "writes that succeeded without an effect")
	assert.Zero(t, acted, "writes that took effect although their error is not ErrUncertain: %v", l.failed)
	assert.Empty(t, l.mixed, "reads that returned another record")
	assert.NotEmpty(t, l.certain, "nothing was written at all: %v", l.failed)
}

// load makes calls from many goroutines, each for an organization of its own, until d has passed.
func load(client *linkit.Client, goroutines int, d time.Duration) *ledger {
	l := &ledger{}
	ctx, cancel := context.WithTimeout(context.Background(), d+20*time.Second)
	defer cancel()
	end := time.Now().Add(d)
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			organization := fmt.Sprintf("org_%d", g)
			view := client.ForOrganization(organization)
			for n := 0; time.Now().Before(end); n++ {
				l.write(ctx, view, fmt.Sprintf("%s-%d", organization, n), n%8 == 7)
				l.read(ctx, view, organization, fmt.Sprintf("%s-%d", organization, n))
			}
		})
	}
	group.Wait()
	return l
}

// write creates one record, or several by one bulk request.
func (l *ledger) write(ctx context.Context, client *linkit.Client, key string, bulk bool) {
	if !bulk {
		_, err := client.Products.Create(ctx, linkit.ProductParams{IvID: key, NameEn: strings.Repeat("x", 300)})
		l.note(err, key)
		return
	}
	var keys []string
	var products []linkit.ProductParams
	for i := range 20 {
		keys = append(keys, fmt.Sprintf("%s-%d", key, i))
		products = append(products, linkit.ProductParams{IvID: keys[i]})
	}
	_, err := client.Products.Bulk(ctx, linkit.BulkCreate, products)
	l.note(err, keys...)
}

func (l *ledger) read(ctx context.Context, client *linkit.Client, organization, key string) {
	product, err := client.Products.Get(ctx, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		l.failure(err)
	case product.IvID != key || product.OrganizationID != organization || !strings.HasPrefix(product.NameEn, organization+"/"+key):
		l.mixed = append(
			l.mixed,
			fmt.Sprintf("%s of %s instead of %s of %s", product.IvID, product.OrganizationID, key, organization),
		)
	}
}
