package linkit

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTitlesOfPagesAreShownWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"<html><title>Bad\n gateway &amp; more</title>": "Bad gateway & more",
		`<HTML><TITLE lang="en">Sorry</TITLE></HTML>`:   "Sorry",
		"<title></title>":          "",
		"<html>":                   "",
		"<title":                   "",
		"<title>never ends":        "",
		"<html><body>title</body>": "",
	} {
		assert.Equal(t, want, htmlTitle([]byte(page)), page)
	}
	assert.Equal(t, "an HTML page, from a proxy or gateway", bodyText([]byte("<title>502 Bad Gateway</title>"), "Bad Gateway"))
	assert.Equal(t, "an HTML page, from a proxy or gateway: Sorry", bodyText([]byte("\xef\xbb\xbf <title>Sorry</title>"), "Bad Gateway"))
	assert.Equal(t, "an HTML page, from a proxy or gateway: Sorry", bodyText([]byte("<title>Sorry</title>"), ""), "a status without a text")
	odd := strings.Repeat("İ", 60) + "<title>Sorry</title>" // it has other lengths in lower case
	assert.Equal(t, "an HTML page, from a proxy or gateway", bodyText([]byte("<html>"+odd), "Bad Gateway"))
	assert.Equal(t, "no healthy upstream", bodyText([]byte("no healthy upstream"), "Bad Gateway"))
}
