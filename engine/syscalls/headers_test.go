package syscalls

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// headers that define the requests and structures of the tables; those that are not installed are left out.
var headers = []string{
	"asm/termbits.h", "sys/ioctl.h", "sys/timex.h", "sys/resource.h", "sys/shm.h", "sys/sem.h", "sys/msg.h", "sys/stat.h", "sys/statfs.h", "sys/socket.h",
	"sys/sysinfo.h", "signal.h", "mqueue.h", "time.h", "sys/time.h", "sys/epoll.h", "poll.h",
	"sys/utsname.h", "sys/times.h", "linux/fs.h", "linux/kd.h", "linux/vt.h", "linux/fiemap.h", "linux/fscrypt.h", "linux/fsverity.h", "linux/nsfs.h",
	"linux/hdreg.h", "linux/loop.h", "linux/blkzoned.h", "linux/blkpg.h", "scsi/sg.h", "scsi/scsi_ioctl.h", "linux/cdrom.h",
	"linux/sockios.h", "net/if.h", "net/if_arp.h", "linux/if_tun.h", "linux/wireless.h", "linux/i2c-dev.h", "linux/i2c.h", "linux/kvm.h",
	"linux/serial.h", "linux/capability.h", "linux/keyctl.h", "linux/netfilter_ipv4/ip_tables.h",
	"linux/netfilter_arp/arp_tables.h", "linux/netfilter_bridge/ebtables.h", "linux/vm_sockets.h", "linux/quota.h", "linux/dqblk_xfs.h",
}

// TestAgainstHeaders compares the codes of all ioctl requests and the sizes in the tables with what the C headers say.
func TestAgainstHeaders(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip(err)
	}
	var c strings.Builder
	fmt.Fprintln(&c, "#define _GNU_SOURCE\n#include <stdio.h>\n#include <stddef.h>")
	for _, h := range headers {
		if compiles(t, gcc, c.String()+"#include <"+h+">\n") {
			fmt.Fprintf(&c, "#include <%s>\n", h)
		} else {
			t.Log("left out", h)
		}
	}
	fmt.Fprintln(&c, "int main(void) {")
	for _, r := range requests {
		fmt.Fprintf(&c, "#ifdef %s\nprintf(\"%s %%ld %d\\n\", (long)(unsigned)%s);\n#endif\n", r.name, r.name, r.code, r.name)
	}
	for expr, n := range sizes {
		fmt.Fprintf(&c, "printf(\"%s %%ld %d\\n\", (long)(%s));\n", strings.ReplaceAll(expr, " ", "_"), n, expr)
	}
	fmt.Fprintln(&c, "return 0; }")
	out := build(t, gcc, c.String())
	checked := 0
	for line := range strings.Lines(out) {
		var name string
		var header, ours int64
		if _, err := fmt.Sscan(line, &name, &header, &ours); err != nil {
			t.Fatal(line, err)
		}
		if checked++; header != ours {
			t.Errorf("%s is %d (%#x) in the headers, %d (%#x) here", name, header, header, ours, ours)
		}
	}
	t.Logf("%d of %d compared", checked, len(requests)+len(sizes))
	if checked < len(sizes)+200 {
		t.Errorf("only %d compared", checked)
	}
}

// sizes of the structures as the kernel has them (where glibc's differ, they are not here: termios).
var sizes = map[string]int{
	"sizeof(struct stat)": sizeStat, "sizeof(struct timeval)": sizeTimeval, "sizeof(struct timespec)": sizeTimespec,
	"sizeof(struct itimerval)": sizeItimerval, "sizeof(struct itimerspec)": sizeItimerspec, "sizeof(struct timex)": sizeTimex,
	"sizeof(struct rusage)": sizeRusage, "sizeof(siginfo_t)": sizeSiginfo, "sizeof(struct sockaddr_storage)": sizeSockaddr,
	"sizeof(struct mmsghdr)": sizeMmsghdr, "sizeof(struct msghdr)": sizeMsghdr, "offsetof(struct mmsghdr,msg_len)": mmsgLen,
	"offsetof(struct msghdr,msg_controllen)": msgControllen, "offsetof(struct msghdr,msg_iovlen)": msgIovlen,
	"sizeof(struct statfs)": 120, "sizeof(struct termios)": 36, "sizeof(struct iwreq)": 32, "sizeof(struct sysinfo)": 112, "sizeof(struct utsname)": 390, "sizeof(struct tms)": 32,
	"sizeof(struct shmid_ds)": 112, "sizeof(struct shminfo)": 72, "sizeof(struct shm_info)": 48, "sizeof(struct semid_ds)": 104,
	"sizeof(struct seminfo)": 40, "sizeof(struct msqid_ds)": 120, "sizeof(struct msginfo)": 32,
	"sizeof(struct epoll_event)": 12, "sizeof(struct pollfd)": 8, "sizeof(struct flock)": 32, "sizeof(struct mq_attr)": 64,
	"sizeof(stack_t)": 24, "sizeof(struct statx)": 256, "sizeof(struct ifreq)": 40,
	"sizeof(struct serial_struct)": 72, "sizeof(struct serial_icounter_struct)": 80, "sizeof(struct serial_rs485)": 32,
	"offsetof(struct ipt_replace,num_counters)": 84, "offsetof(struct ipt_replace,counters)": 88,
	"offsetof(struct arpt_replace,num_counters)": 68, "offsetof(struct arpt_replace,counters)": 72,
	"offsetof(struct ebt_replace,num_counters)": 96, "offsetof(struct ebt_replace,counters)": 104,
	"sizeof(struct xt_counters)": 16, "sizeof(struct loop_info64)": 232, "sizeof(struct loop_info)": 168,
	"sizeof(struct kbdiacrs)": 772, "sizeof(struct kbdiacrsuc)": 3076, "sizeof(struct kbsentry)": 513,
	"sizeof(struct fiemap)": 32, "sizeof(struct fiemap_extent)": 56, "sizeof(struct file_dedupe_range)": 24,
	"sizeof(struct file_dedupe_range_info)": 32, "sizeof(struct hd_geometry)": 16, "sizeof(struct arpreq)": 68,
	"sizeof(struct sg_io_hdr)": 88, "sizeof(struct sg_scsi_id)": 32, "offsetof(struct sg_io_hdr,dxferp)": 16, "offsetof(struct sg_io_hdr,sbp)": 32,
	"sizeof(struct cdrom_subchnl)": 16, "sizeof(struct cdrom_multisession)": 8, "sizeof(struct cdrom_tocentry)": 12, "sizeof(struct cdrom_mcn)": 14,
	"offsetof(struct i2c_smbus_ioctl_data,data)": 8, "sizeof(union i2c_smbus_data)": 34,
	"sizeof(struct keyctl_pkey_query)": 56, "offsetof(struct keyctl_pkey_params,out_len)": 8,
	"sizeof(struct kvm_cpuid_entry2)": 40, "sizeof(struct kvm_msr_entry)": 16, "sizeof(struct blk_zone)": 64,
	"offsetof(struct fsverity_read_metadata_arg,buf_ptr)": 24, "sizeof(struct vt_event)": 28,
	"sizeof(struct fs_disk_quota)": 112, "sizeof(struct if_dqblk)": 72,
}

func compiles(t *testing.T, gcc, source string) bool {
	cmd := exec.Command(gcc, "-fsyntax-only", "-x", "c", "-")
	cmd.Stdin = strings.NewReader(source)
	return cmd.Run() == nil
}

// build compiles a program, runs it and gives its output.
func build(t *testing.T, gcc, source string) string {
	bin := filepath.Join(t.TempDir(), "sizes")
	cmd := exec.Command(gcc, "-x", "c", "-o", bin, "-")
	cmd.Stdin, cmd.Stderr = strings.NewReader(source), os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal("gcc: ", err)
	}
	out, err := exec.Command(bin).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
