package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linkit-go/linkit"
)

// books are the totals of one run, and the orders that this and earlier runs read.
type books struct {
	file   string
	mu     sync.Mutex
	seen   map[string]time.Time // by order ID
	totals map[string]total     // by day, branch and currency
}

type total struct {
	orders int
	amount float64
}

// openBooks reads the file of earlier runs, if there is one.
func openBooks(file string) (*books, error) {
	b := &books{file: file, seen: map[string]time.Time{}, totals: map[string]total{}}
	if file == "" {
		return b, nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the user names it
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &b.seen)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return b, nil
}

// save remembers what was read.
func (b *books) save() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == "" {
		return nil
	}
	text, err := json.MarshalIndent(b.seen, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(b.file, text, 0o600)
}

// add counts an order, unless it has been read before or was cancelled.
func (b *books) add(order linkit.Order) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.seen[order.ID]; known {
		return
	}
	placed := order.SourceTimestamp.Time
	if placed.IsZero() {
		placed = order.Created.Time // the older form
	}
	b.seen[order.ID] = placed
	if order.OrderStatus == linkit.OrderStatusCancelled {
		return
	}
	key := strings.Join([]string{placed.Format(time.DateOnly), order.DestinationReference, order.Currency}, "  ")
	t := b.totals[key]
	b.totals[key] = total{orders: t.orders + 1, amount: t.amount + order.TotalAmount}
}

func (b *books) print(title string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Println(title + ":")
	for _, key := range slices.Sorted(maps.Keys(b.totals)) {
		fmt.Printf("  %s %9.2f in %d order(s)\n", key, b.totals[key].amount, b.totals[key].orders)
	}
}
