# A database session as SQL: 50,000 rows (or -v rows=N), indexes, joins, transactions, triggers, views, text and blobs.
function rnd(n) { seed = (seed * 1103515245 + 12345) % 2147483648; return int(seed / 65536) % n }
BEGIN {
	if (!rows) rows = 50000
	seed = 42
	print "PRAGMA journal_mode=" (journal ? journal : "delete") ";"
	print "CREATE TABLE item(id INTEGER PRIMARY KEY, owner INT, name TEXT, price REAL, data BLOB);"
	print "CREATE TABLE owner(id INTEGER PRIMARY KEY, name TEXT UNIQUE, total INT DEFAULT 0);"
	print "CREATE TABLE log(id INTEGER PRIMARY KEY, what TEXT);"
	print "CREATE TRIGGER counted AFTER INSERT ON item BEGIN UPDATE owner SET total = total + 1 WHERE id = new.owner; END;"
	print "BEGIN;"
	for (i = 0; i < 200; i++) printf "INSERT INTO owner(id, name) VALUES(%d, 'owner %d');\n", i, i
	for (i = 0; i < rows; i++) {
		printf "INSERT INTO item VALUES(%d, %d, 'item %d %s', %d.%02d, x'%08x%08x');\n", i, rnd(200), rnd(100000), substr("abcdefghijklmnopqrstuvwxyz", rnd(20) + 1, 6), rnd(1000), rnd(100), rnd(65536), i
		if (i % 5000 == 4999) print "COMMIT; BEGIN;"
	}
	print "COMMIT;"
	print "CREATE INDEX item_owner ON item(owner, price);"
	print "CREATE INDEX item_name ON item(name);"
	print "ANALYZE;"
	print "SELECT count(*), sum(price), min(name), max(name) FROM item;"
	print "SELECT o.name, count(*), round(avg(i.price), 4) FROM owner o JOIN item i ON i.owner = o.id GROUP BY o.id ORDER BY 3 DESC, 1 LIMIT 20;"
	print "SELECT a.id, b.id FROM item a JOIN item b ON a.name = b.name AND a.id < b.id ORDER BY 1, 2 LIMIT 20;"
	print "BEGIN; UPDATE item SET price = price * 1.1 WHERE owner % 7 = 0; SELECT round(sum(price), 3) FROM item; ROLLBACK;"
	print "BEGIN; DELETE FROM item WHERE id % 10 = 3; INSERT INTO log(what) SELECT 'left ' || count(*) FROM item; COMMIT;"
	print "WITH RECURSIVE f(n, a, b) AS (SELECT 1, 0, 1 UNION ALL SELECT n + 1, b, a + b FROM f WHERE n < 60) SELECT n, a FROM f WHERE n % 12 = 0;"
	print "SELECT name, total, rank() OVER (ORDER BY total DESC, id) FROM owner LIMIT 10;"
	print "SELECT substr(name, 1, 6), count(*) FROM item WHERE name LIKE '%fgh%' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10;"
	print "CREATE TABLE copy AS SELECT * FROM item ORDER BY name, id; DROP TABLE copy;"
	print "SELECT * FROM no_such_table;"
	print "VACUUM; PRAGMA integrity_check;"
	print "SELECT * FROM log;"
}
