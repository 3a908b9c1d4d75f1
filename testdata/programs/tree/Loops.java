import java.util.*;

/** Interpreter, both compilers, implicit null checks, locks, collections and the collector. */
public class Loops {
    static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

    public static void main(String[] args) throws Exception {
        long s = 0;
        for (int i = 0; i < 20000000; i++) s = (s + (long) i * i) % 1000003;
        System.out.println(s + " " + fib(27));
        int[] count = new int[1];
        Thread[] threads = new Thread[4];
        for (int i = 0; i < 4; i++) {
            threads[i] = new Thread(() -> { for (int j = 0; j < 10000; j++) synchronized (count) { count[0]++; } });
            threads[i].start();
        }
        for (Thread t : threads) t.join();
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < 100000; i++) b.append(i);
        Map<String, Integer> m = new HashMap<>();
        for (int i = 0; i < 200000; i++) m.put("k" + i % 5000, i);
        int nulls = 0;
        for (int i = 0; i < 20000; i++) try { (i % 2 == 0 ? null : m).size(); } catch (NullPointerException e) { nulls++; }
        System.out.println(count[0] + " " + b.toString().hashCode() + " " + m.size() + " " + nulls);
    }
}
