package browsertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// The picture of the documentation is taken here: SCREENSHOT names its file, docs/sandbox.png.
func TestScreenshot(t *testing.T) {
	file := os.Getenv("SCREENSHOT")
	wanted := file != ""
	if !wanted {
		file = filepath.Join(t.TempDir(), "page.png")
	}
	address := startSandbox(t)
	b := open(t, address)
	b.run(chromedp.EmulateViewport(1360, 850))
	client := newClient(t, address, linkit.WithAPIKey(apiKey))
	for i := 0; wanted && i < 20; i++ { // some history for the chart
		for range 3 + i*7%11 {
			_, err := client.Products.List(t.Context(), nil)
			require.NoError(t, err)
		}
		b.until(`Date.now() % 1000 < 100`)
		b.until(`Date.now() % 1000 > 500`)
	}
	traffic(t, address, b)
	b.until(`document.querySelectorAll("#rows tr").length > 12`)
	b.until(`document.getElementById("faults").innerText.includes("503")`)
	picture, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	assert.NotEmpty(t, picture)
	require.NoError(t, os.WriteFile(file, picture, 0o600))
}

// setFault sets a fault by its button.
func (b *tab) setFault(label string) {
	b.t.Helper()
	b.click(label)
	b.until(`document.getElementById("outcome").innerText.startsWith("Fault set: ` + label + `")`)
}

// traffic sends what a program of a small chain might, with a few faults.
func traffic(t *testing.T, address string, b *tab) {
	t.Helper()
	client := newClient(t, address, linkit.WithLogin(email, password), linkit.WithRetries(2))
	withKey := newClient(t, address, linkit.WithAPIKey(apiKey))
	read := func() {
		for _, err := range client.Products.All(t.Context(), nil) {
			require.NoError(t, err)
		}
		_, err := client.Branches.List(t.Context(), nil)
		require.NoError(t, err)
	}
	read()
	_, err := withKey.Brands.List(t.Context(), nil)
	require.NoError(t, err)
	b.setFault("502 HTML")
	read()
	b.setFault("Close after")
	_, _ = client.Products.Create(
		t.Context(),
		linkit.ProductParams{IvID: "ITEM-2001", NameEn: "Adol 250 mg", NameAr: "أدول 250 ملغ"},
	)
	b.click("Expire all tokens")
	b.until(`document.getElementById("outcome").innerText.includes("expired")`)
	read()
	_, _ = client.Products.Get(t.Context(), "ITEM-9999")
	_, _ = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1001"})
	_, err = client.Products.Get(t.Context(), "ITEM-1004")
	require.NoError(t, err)
	b.run(chromedp.SetValue(chromedp.CSS("#fault-times"), "-1"), chromedp.SetValue(chromedp.CSS("#fault-path"), "/skus"))
	b.setFault("503 + Retry-After")
	_, _ = withKey.SKUs.List(t.Context(), nil)
}
