// Command tidemark keeps dated snapshots of a folder.
package main

import (
	"fmt"
	"os"

	"example.com/lumen-orchard/tidemark/internal/config"
	"example.com/lumen-orchard/tidemark/internal/scan"
	"example.com/lumen-orchard/tidemark/internal/table"
)

func main() {
	settings, err := config.Parse(os.Getenv("TIDEMARK_CONFIG"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "tidemark:", err)
		os.Exit(2)
	}
	files, err := scan.Walk(settings.Root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tidemark:", err)
		os.Exit(1)
	}
	rows := make([][]string, 0, len(files))
	for _, file := range files {
		rows = append(rows, []string{file})
	}
	fmt.Print(table.Format(rows))
}
