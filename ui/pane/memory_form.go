package pane

// form is how a row of bytes is written: how many, in groups of four without spaces between them where it is narrow, and
// whether the copy beside it has its text too.
type form struct {
	n       int
	grouped bool
	text    bool
}

// forms are tried in this order.
var forms = []form{{16, false, true}, {16, true, true}, {8, false, true}, {8, true, true}, {8, true, false}, {4, false, true}, {4, true, false}}

// at is the column of a byte; at(n) is where the text stands.
func (f form) at(i int) int {
	if f.grouped {
		return 2*i + i/4
	}
	return 3 * i
}

// width is what one copy takes.
func (f form) width(text bool) int {
	if text {
		return f.at(f.n) + f.n
	}
	return f.at(f.n) - 1
}

const addressWidth = 13

func (m *Memory) form() form {
	if m.Stacked {
		for _, f := range append([]form{{32, false, true}, {32, true, true}}, forms...) {
			if addressWidth+1+f.width(true)+1 <= m.w {
				return f
			}
		}
	}
	for _, f := range forms {
		if addressWidth+f.width(true)+3+f.width(f.text)+1 <= m.w {
			return f
		}
	}
	return forms[len(forms)-1]
}

// lines are the rows of bytes: stacked, below a heading for each copy.
func (m *Memory) lines() int {
	if m.Stacked {
		return max((m.h-2)/2, 0)
	}
	return max(m.h-1, 0)
}
