package bench

import (
	"bytes"
	"fmt"
	"math"
	"strings"
)

// generation changes when a generator does.
const generation = "2"

// generators make inputs: the same on every machine.
var generators = map[string]func() []byte{
	"corpus-4m":    func() []byte { return corpus(4 << 20) },
	"corpus-8m":    func() []byte { return corpus(8 << 20) },
	"corpus-64m":   func() []byte { return corpus(64 << 20) },
	"database.sql": database,
	"large.c":      largeC,
}

// random is a linear congruential generator (Knuth's MMIX).
type random uint64

func (r *random) next(n int) int {
	*r = *r*6364136223846793005 + 1442695040888963407
	return int(uint64(*r) >> 33 % uint64(n))
}

// corpus is like the files that people compress: words of uneven frequency, repeated phrases, some records, some noise.
func corpus(size int) []byte {
	r := random(1)
	words := make([]string, 4000)
	for i := range words {
		w := make([]byte, 2+r.next(9))
		for k := range w {
			w[k] = "etaoinshrdlucmfwypvbgkjqxz"[r.next(1+r.next(26))]
		}
		words[i] = string(w)
	}
	out := make([]byte, 0, size+256)
	for len(out) < size {
		switch k := r.next(100); {
		case k < 90: // Zipf's law, roughly
			out = append(out, words[int(math.Pow(float64(len(words)), float64(r.next(1000))/1000))-1]...)
			out = append(out, " \n"[r.next(12)/11])
		case k < 95:
			if n := 8 + r.next(80); len(out) > 1<<16 {
				from := len(out) - 1<<16 + r.next(1<<15)
				out = append(out, out[from:from+n]...)
			}
		case k < 99:
			out = fmt.Appendf(out, "%08x,%d,%s;", r.next(1<<30), r.next(1000), words[r.next(len(words))])
		default:
			for range 16 {
				out = append(out, byte(r.next(256)))
			}
		}
	}
	return out[:size]
}

// database is a session with sqlite3: rows, indexes, joins, aggregates, transactions.
func database() []byte {
	const rows = 16000
	var b bytes.Buffer
	r := random(2)
	b.WriteString("CREATE TABLE item(id INTEGER PRIMARY KEY, owner INT, name TEXT, price REAL);\nCREATE TABLE owner(id INTEGER PRIMARY KEY, name TEXT UNIQUE, total INT DEFAULT 0);\n")
	b.WriteString("CREATE TRIGGER counted AFTER INSERT ON item BEGIN UPDATE owner SET total = total + 1 WHERE id = new.owner; END;\nBEGIN;\n")
	for i := range 200 {
		fmt.Fprintf(&b, "INSERT INTO owner(id, name) VALUES(%d, 'owner %d');\n", i, i)
	}
	for i := range rows {
		fmt.Fprintf(&b, "INSERT INTO item VALUES(%d, %d, 'item %d', %d.%02d);\n", i, r.next(200), r.next(5000), r.next(1000), r.next(100))
	}
	b.WriteString(`COMMIT;
CREATE INDEX item_owner ON item(owner, price);
CREATE INDEX item_name ON item(name);
SELECT count(*), sum(price), min(name), max(name) FROM item;
SELECT o.name, count(*), round(avg(i.price), 4) FROM owner o JOIN item i ON i.owner = o.id GROUP BY o.id ORDER BY 3 DESC, 1 LIMIT 5;
SELECT count(*), sum(a.id * b.id % 7) FROM item a JOIN item b ON a.name = b.name AND a.id < b.id;
BEGIN; UPDATE item SET price = price * 1.1 WHERE owner % 3 = 0; SELECT round(sum(price), 3) FROM item; ROLLBACK;
BEGIN; DELETE FROM item WHERE id % 10 = 3; INSERT INTO item SELECT id + 1000000, owner, name || 'x', price FROM item WHERE id % 4 = 0; COMMIT;
SELECT name, total, rank() OVER (ORDER BY total DESC, id) FROM owner LIMIT 5;
SELECT substr(name, 1, 6), count(*) FROM item WHERE name LIKE '%12%' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5;
CREATE TABLE copy AS SELECT * FROM item ORDER BY name, id;
SELECT sum(n) FROM (SELECT count(*) n FROM copy GROUP BY name HAVING n > 2);
`)
	return b.Bytes()
}

// largeC is a file for a compiler: structures, loops, switches, floating point, calls. It includes nothing.
func largeC() []byte {
	const function = `struct s# { int a, b[%d]; double d; char name[%d]; struct s# *next; };
static int t#[] = {#, %d, %d, %d};
int f#(struct s# *p, int n, const char *s)
{
	int i, sum = #;
	for (i = 0; i < n; i++) {
		p->b[i %% %d] += i * t#[i & 3] ^ (sum >> %d);
		if (p->b[0] > %d)
			sum -= p->a++;
		else
			sum += (int)(p->d * %d.5);
	}
	switch (n %% 7) {
	case 0: sum *= 3; break;
	case 1: sum ^= n; break;
	case 2: p->d = sqrt(p->d + sum); break;
	case 3: strncpy(p->name, s, sizeof p->name); break;
	case 4: sum = p->next ? f#(p->next, n - 1, s + 1) : 0; break;
	default: while (p->next && p->a < n) p = p->next, sum += p->b[%d %% n];
	}
	if (p->d > %d.25 && strlen(s) > %d)
		printf("%%d %%f %%s\n", sum, p->d, p->name);
	return sum + (int)s[0] * %d;
}
`
	var b bytes.Buffer
	b.WriteString("int printf(const char *, ...);\ndouble sqrt(double);\nchar *strncpy(char *, const char *, unsigned long);\nunsigned long strlen(const char *);\n")
	for i := range 50 {
		text := strings.ReplaceAll(function, "#", fmt.Sprint(i))
		fmt.Fprintf(&b, text, i%13+1, i%29+3, i*7%100, i*13%997, i*31%8191, i%13+1, i%7, i*3, i%50, i%13+1, i%99, i%17, i%11)
	}
	return b.Bytes()
}
