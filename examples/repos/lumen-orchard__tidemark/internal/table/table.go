// Package table prints aligned columns.
package table

import "strings"

// Format aligns the columns of rows with two blanks between them.
func Format(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for column, cell := range row {
			if column == len(widths) {
				widths = append(widths, 0)
			}
			if len(cell) > widths[column] {
				widths[column] = len(cell)
			}
		}
	}
	var text strings.Builder
	for _, row := range rows {
		for column, cell := range row {
			text.WriteString(cell)
			if column < len(row)-1 {
				text.WriteString(strings.Repeat(" ", widths[column]-len(cell)+2))
			}
		}
		text.WriteString("\n")
	}
	return text.String()
}
