package browsertest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestPageShowsARequestWithinASecond(t *testing.T) {
	address := startSandbox(t)
	b := open(t, address)
	// The page notes when the row appears, so that the browser's driver doesn't count.
	b.run(
		chromedp.Evaluate[chromedp.Void](
			`new MutationObserver(() => { window.appeared ??= Date.now() }).observe(document.getElementById("rows"), {childList: true}); undefined`,
		),
	)
	client := newClient(t, address, linkit.WithAPIKey(apiKey))
	_, err := client.Products.Get(t.Context(), "ITEM-1001")
	require.NoError(t, err)
	finished := time.Now()
	b.until(`window.appeared`)
	assert.Less(
		t,
		eval[int64](b, `window.appeared`)-finished.UnixMilli(),
		int64(1000),
		"milliseconds until the row is there",
	)
	row := eval[string](b, `document.querySelector("#rows tr").innerText`)
	for _, want := range []string{"GET", "/products/ITEM-1001", "200", "org_123", "API key"} {
		assert.Contains(t, row, want)
	}
}

func TestButtonsSteerTheSandboxAndNoSecretIsShown(t *testing.T) {
	address := startSandbox(t)
	b := open(t, address)
	count := func(client *linkit.Client) error {
		_, err := client.Products.Count(t.Context(), nil)
		return err
	}
	withKey := newClient(t, address, linkit.WithAPIKey(apiKey))
	withToken := newClient(t, address, linkit.WithToken(token))
	withLogin := newClient(t, address, linkit.WithLogin(email, password))

	b.click("422")
	b.until(`document.getElementById("faults").innerText.includes("422")`)
	require.ErrorIs(t, count(withKey), linkit.ErrValidation, "a fault set by its button")
	b.until(`document.getElementById("faults").innerText.includes("no fault")`)
	b.until(`[...document.querySelectorAll("#rows tr")].some((row) => row.lastChild.innerText === "422")`)
	require.NoError(t, count(withKey), "once")

	require.NoError(t, count(withLogin))
	require.NoError(t, count(withToken))
	b.until(`document.getElementById("count-sign-ins").innerText === "1"`)
	b.click("Expire all tokens")
	b.until(`document.getElementById("outcome").innerText.includes("expired")`)
	require.NoError(t, count(withLogin), "it signs in again")
	b.until(`document.getElementById("count-sign-ins").innerText === "2"`)
	require.ErrorIs(t, count(withToken), linkit.ErrUnauthorized)

	b.click("Revoke the API key")
	b.until(`document.getElementById("revoke").disabled`)
	require.ErrorIs(t, count(withKey), linkit.ErrUnauthorized)
	b.click("Restore both")
	b.until(`!document.getElementById("revoke").disabled`)
	require.NoError(t, count(newClient(t, address, linkit.WithAPIKey(apiKey))))

	b.click("Suspend org_123")
	b.until(`document.getElementById("suspend").ariaPressed === "true"`)
	require.ErrorIs(t, count(withLogin), linkit.ErrServiceSuspended)
	b.click("Suspend org_123")
	b.until(`document.getElementById("suspend").ariaPressed === "false"`)
	require.NoError(t, count(withLogin))

	url, orders := listenForHook(t)
	b.run(chromedp.SendKeys(chromedp.CSS("#webhook-url"), url))
	b.click("Send")
	b.until(`document.getElementById("outcome").innerText.includes("responded 202")`)
	assert.NotEmpty(t, <-orders)

	b.run(chromedp.SendKeys(chromedp.CSS("#refuse-key"), "ITEM-1001"))
	b.click("Reject")
	b.until(`document.getElementById("refusals").innerText.includes("ITEM-1001")`)
	require.ErrorIs(t, withLogin.Products.Delete(t.Context(), "ITEM-1001"), linkit.ErrValidation)

	text := openEveryRequest(b)
	assert.Contains(t, text, "[masked]", "the credentials' places")
	for _, secret := range []string{apiKey, token, password} {
		assert.NotContains(t, text, secret)
	}
	assert.Empty(t, b.console())
}

// openEveryRequest opens each request and closes it by the keyboard. It returns all text of the
// page meanwhile.
func openEveryRequest(b *tab) string {
	b.t.Helper()
	var text strings.Builder
	text.WriteString(b.text())
	for i := range eval[int](b, `document.querySelectorAll("#rows tr").length`) {
		b.run(
			chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelectorAll("#rows button.open")[%d].focus()`, i)),
			chromedp.KeyEvent("\r"),
		)
		b.until(`document.getElementById("detail").open`)
		text.WriteString(b.text())
		b.run(chromedp.KeyEvent("\u001b"))
		b.until(`!document.getElementById("detail").open && document.activeElement.classList.contains("open")`)
	}
	return text.String()
}

func TestArabicNamesStandRightToLeft(t *testing.T) {
	b := open(t, startSandbox(t))
	b.click("Catalogue")
	b.until(`document.querySelectorAll("#shop-rows tr").length === 12`)
	const cell = `document.querySelector("#shop-rows td:nth-child(3)")`
	assert.Equal(t, "بنادول أدفانس 500 ملغ، 24 قرصًا", eval[string](b, cell+`.innerText`))
	assert.Equal(t, "rtl", eval[string](b, `getComputedStyle(`+cell+`).direction`))
	// The first letter of the name is to the right of the last.
	assert.True(t, eval[bool](b, `(() => {
		const text = `+cell+`.firstChild;
		const left = (i) => {
			const letter = document.createRange();
			letter.setStart(text, i);
			letter.setEnd(text, i + 1);
			return letter.getBoundingClientRect().left;
		};
		return left(0) > left(5);
	})()`))
	assert.Equal(
		t,
		"ltr",
		eval[string](b, `getComputedStyle(document.querySelector("#shop-rows td:nth-child(2)")).direction`),
	)
}

func TestTheStockShownIsTheStockThatAProgramWrote(t *testing.T) {
	address := startSandbox(t)
	b := open(t, address)
	b.click("Catalogue")
	b.until(`document.querySelectorAll("#shop-rows tr").length === 12`)
	client := newClient(t, address, linkit.WithAPIKey(apiKey))
	sku, err := client.SKUs.Get(t.Context(), "ITEM-1001_BR-OLAYA")
	require.NoError(t, err)
	params := sku.Params()
	params.Qty = linkit.Ptr(4321)
	_, err = client.SKUs.Update(t.Context(), "ITEM-1001_BR-OLAYA", params)
	require.NoError(t, err)
	b.until(`document.querySelector("#shop-rows tr").innerText.includes("4321")`)
}

func TestRequestsAreFilteredByRouteAndStatus(t *testing.T) {
	address := startSandbox(t)
	b := open(t, address)
	client := newClient(t, address, linkit.WithAPIKey(apiKey))
	for _, ivID := range []string{"ITEM-1001", "NONE"} {
		_, _ = client.Products.Get(t.Context(), ivID)
	}
	_, err := client.Branches.Count(t.Context(), nil)
	require.NoError(t, err)
	b.until(`document.querySelectorAll("#rows tr").length === 3`)
	choose := func(id, value string) {
		b.run(
			chromedp.Evaluate[chromedp.Void](
				fmt.Sprintf(
					`(() => { const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event("change")) })()`,
					id,
					value,
				),
			),
		)
	}
	choose("filter-route", "/products/{iv_id}")
	b.until(`document.querySelectorAll("#rows tr").length === 2`)
	choose("filter-status", "4")
	b.until(`document.querySelectorAll("#rows tr").length === 1`)
	assert.Contains(t, eval[string](b, `document.getElementById("rows").innerText`), "NONE")
	choose("filter-route", "")
	choose("filter-status", "")
	b.until(`document.querySelectorAll("#rows tr").length === 3`)
}

func TestPageStaysSmallAndQuickWithTenThousandRequests(t *testing.T) {
	address := startSandbox(t)
	const requests = 10_000
	sendMany(t, address, requests)
	b := open(t, address)
	b.until(`document.getElementById("position").textContent.endsWith("of 10000")`)
	assert.LessOrEqual(t, eval[int](b, `document.querySelectorAll("#rows tr").length`), 100)
	assert.Less(t, eval[int](b, `document.querySelectorAll("*").length`), 3000)
	filter := eval[float64](b, `(async () => {
		const began = performance.now();
		document.getElementById("filter-text").value = "1234";
		document.getElementById("filter-text").dispatchEvent(new Event("input"));
		await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
		return performance.now() - began;
	})()`)
	t.Logf("filtering 10,000 requests: %.0f ms", filter)
	assert.Less(t, filter, 1000.0)
	b.click("Older")
	assert.Empty(t, b.console())
}

// sendMany sends requests to a sandbox on a few connections.
func sendMany(t *testing.T, address string, requests int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	numbers := make(chan int)
	failures := make(chan error, 8)
	for range cap(failures) {
		go func() {
			var failure error
			for n := range numbers {
				url := fmt.Sprint(address, "/api/v1/products/", n)
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
				if err == nil {
					var res *http.Response
					if res, err = client.Do(r); err == nil {
						err = res.Body.Close()
					}
				}
				if err != nil {
					failure = err
				}
			}
			failures <- failure
		}()
	}
	for n := range requests {
		numbers <- n
	}
	close(numbers)
	for range cap(failures) {
		require.NoError(t, <-failures)
	}
}
