let s = 0;
for (let i = 0; i < Number(process.argv[2]); i++) s = (s + i * i) % 1000003;
console.log(s);
