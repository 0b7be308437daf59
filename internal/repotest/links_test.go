package repotest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	command = regexp.MustCompile(`go run (?:-C (\S+) )?(\.\S*)`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// A link within the repository must lead to a file, and to a heading where it names one; a command
// must run a program that exists.
func TestLinksAndCommandsOfThePagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	texts := pages(t, root)
	for page, text := range texts {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(match[1], "#")
			target := page
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(page), file))
				_, err := os.Stat(filepath.Join(root, target))
				assert.NoError(t, err, "%s: %s", page, match[1])
			}
			if anchor == "" {
				continue
			}
			var slugs []string
			for _, h := range heading.FindAllStringSubmatch(texts[target], -1) {
				slugs = append(slugs, strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
			}
			assert.Contains(t, slugs, anchor, "%s: %s", page, match[1])
		}
		for _, match := range command.FindAllStringSubmatch(text, -1) {
			assert.FileExists(t, filepath.Join(root, match[1], strings.TrimRight(match[2], "`:;,"), "main.go"), page)
		}
	}
}
