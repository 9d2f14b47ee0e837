// Package text lays out text for people: tables of columns, wrapped
// paragraphs, shortened names, counts and lists of seeds. Every command and
// every text report prints by it, so that all look alike. It knows nothing of
// what it prints and prints nothing itself: it returns text or writes to a
// writer that the caller names.
//
// A command prints a simple table, columns two spaces apart, like this:
//
//	t := text.NewTable("RUN", "METHOD", "SEED") // the first row; none: text.NewTable()
//	for _, r := range runs {
//		t.Row(r.Folder, r.Method, strconv.Itoa(r.Seed))
//	}
//	t.Fit(160, 20, text.Middle, 0) // optional: shorten names in column 0 to keep within 160 columns
//	return t.Write(os.Stdout)
//
// Rowf takes a format in which tabs separate the cells, so that what was
// printed to a text/tabwriter.Writer (minimal width 0, padding 2 blanks) is
// printed the same by a Table:
//
//	fmt.Fprintf(w, "%s\t%d\n", name, n)   becomes   t.Rowf("%s\t%d", name, n)
//	fmt.Fprintf(w, "\nfaults:\n")         becomes   t.Rowf(""); t.Rowf("faults:")
//	w.Flush()                             becomes   t.Write(w)
//
// A row of a single cell is a line by itself: it may be as long as it likes,
// and the columns of the rows below it are laid out anew. With
// tabwriter.AlignRight, a trailing tab ended each row; here every column is
// aligned by Right, the table's Indent is two blanks, and no row ends with a
// tab.
//
// The style Ruled has a rule below its header, for reports; Framed has groups
// of columns under common headers, for tables like the paper's. Another way to
// lay out a table is another Style, in style.go.
package text
