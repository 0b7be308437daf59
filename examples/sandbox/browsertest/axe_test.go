package browsertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

const axeVersion = "4.14.1"

// axe returns the source of axe-core, which npm installs into a temporary folder. Without npm the
// test is skipped, but not in CI.
func axe(t *testing.T) string {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("npm isn't installed (Debian: npm)")
	}
	if err != nil {
		t.Skip("npm isn't installed (Debian: npm)")
	}
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), npm, "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts",
		"--prefix", folder, "axe-core@"+axeVersion)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	source, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	return string(source)
}

// TestPageIsAccessible has axe-core check contrast, labels and roles in every view, light and dark.
func TestPageIsAccessible(t *testing.T) {
	source := axe(t)
	address := startSandbox(t)
	b := open(t, address)
	b.run(chromedp.EmulateViewport(1360, 850))
	traffic(t, address, b)
	require.NoError(t, newClient(t, address, linkit.WithAPIKey(apiKey)).Products.Delete(t.Context(), "ITEM-1002"))
	b.until(`document.querySelector("#rows").innerText.includes("DELETE")`)
	// chromedp evaluates outside the page's policy, which forbids scripts of others.
	b.run(chromedp.Evaluate[chromedp.Void](source + "; undefined"))
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		require.NoError(t, err)
		b.until(`matchMedia("(prefers-color-scheme: ` + scheme + `)").matches`)
		b.click("Requests")
		assert.Empty(t, violations(b), "%s: requests", scheme)
		b.run(chromedp.Click(chromedp.CSS("#rows button.open")))
		b.until(`document.getElementById("detail").open`)
		assert.Empty(t, violations(b), "%s: a request in full", scheme)
		b.run(chromedp.KeyEvent("\u001b"))
		b.until(`!document.getElementById("detail").open`)
		b.click("Catalogue")
		b.until(`document.querySelectorAll("#shop-rows tr").length > 5`)
		assert.Empty(t, violations(b), "%s: catalogue", scheme)
	}
	assert.Empty(t, b.console())
}

// violations returns what axe-core objects to, and where.
func violations(b *tab) string {
	b.t.Helper()
	return strings.Join(eval[[]string](b, `axe.run(document).then(({violations}) =>
		violations.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.target + " " + n.failureSummary).join("; ")))`), "\n")
}
