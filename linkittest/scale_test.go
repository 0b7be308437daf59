package linkittest_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

const million = 1_000_000

// BenchmarkAddingAMillionSKUs reports the time and the memory that the server keeps for them.
func BenchmarkAddingAMillionSKUs(b *testing.B) {
	for name, add := range map[string]func(*linkittest.Server){
		"a thousand products at a thousand branches": addChain,
		"AddSKUs": func(s *linkittest.Server) {
			skus := make([]linkit.SKU, 0, 1000)
			for i := range million {
				skus = append(skus, linkit.SKU{IvID: fmt.Sprint("SKU-", i), ProductIvID: fmt.Sprint("P-", i), BranchIvID: "B"})
				if len(skus) == cap(skus) {
					s.AddSKUs(skus...)
					skus = skus[:0]
				}
			}
		},
		"AddSKUs, newest first": func(s *linkittest.Server) {
			now := time.Now()
			for i := range million {
				s.AddSKUs(linkit.SKU{IvID: fmt.Sprint("SKU-", i), Created: linkit.Time{Time: now.Add(-time.Duration(i) * time.Second)}})
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				server := linkittest.NewServer(linkittest.WithoutRecording())
				began := time.Now()
				add(server)
				b.ReportMetric(time.Since(began).Seconds(), "s/million")
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB-before-GC")
				b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
				server.Close()
			}
		})
	}
}

// addChain makes a million SKUs.
func addChain(s *linkittest.Server) {
	const each = 1000
	branches, products := make([]linkit.Branch, each), make([]linkit.Product, each)
	for i := range each {
		branches[i].IvID, products[i].IvID = fmt.Sprintf("B%03d", i), fmt.Sprintf("P%03d", i)
	}
	s.AddBranches(branches...)
	s.AddProducts(products...)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkPagesOfAMillionSKUs reads pages at several depths, without the time of the SDK.
func BenchmarkPagesOfAMillionSKUs(b *testing.B) {
	server := linkittest.NewServer(linkittest.WithoutRecording())
	defer server.Close()
	addChain(server)
	for name, params := range map[string]linkit.SKUListParams{
		"all":       {},
		"a branch":  {BranchIvID: "B007"},
		"available": {Available: linkit.Ptr(false)},
		"by iv_id":  {ListParams: linkit.ListParams{Sort: "iv_id"}},
	} {
		for _, page := range []int{1, 5, 5_000, 10_000} {
			params.Page, params.Limit = page, 100
			b.Run(fmt.Sprint(name, "/page=", page), func(b *testing.B) {
				client := server.Client()
				for b.Loop() {
					_, err := client.SKUs.List(b.Context(), &params)
					require.NoError(b, err)
				}
			})
		}
	}
}
