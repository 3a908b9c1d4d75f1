create table orders(id integer primary key, customer text, amount integer, note text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000)
insert into orders select i, 'customer ' || (i * 7919 % 311), i * 104729 % 997, hex(i * i) from n;
create index by_customer on orders(customer, amount);
select customer, count(*), sum(amount), max(note) from orders group by customer order by sum(amount) desc limit 8;
update orders set amount = amount + 1 where id % 3 = 0;
delete from orders where id % 11 = 5;
select count(*), sum(amount), group_concat(distinct amount % 13) from orders;
with recursive c(x, y) as (select 1, 1 union all select x + 1, y * 31 % 65537 from c where x < 20000) select sum(y), max(y) from c;
pragma integrity_check;
