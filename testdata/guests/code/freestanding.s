# A static program without libc: system calls, stack, strings, and its exit status.
	.globl _start
	.bss
buf:	.skip 4096
	.data
msg:	.ascii "freestanding\n"
	.text
_start:
	mov (%rsp), %rbx		# argc
	mov $1, %eax
	mov $1, %edi
	lea msg(%rip), %rsi
	mov $13, %edx
	syscall
	cmp $13, %rax
	jne fail
	lea buf(%rip), %rdi
	mov $4096, %ecx
	mov $0x5a, %al
	rep stosb
	mov $200000, %ecx
1:	push %rcx
	call add
	pop %rcx
	loop 1b
	mov $60, %eax
	mov %ebx, %edi
	add $6, %edi
	syscall
add:	movzbl %cl, %edx
	lea buf(%rip), %rax
	addb $1, (%rax,%rdx)
	lock incl 1024(%rax,%rdx,4)
	ret
fail:	mov $60, %eax
	mov $99, %edi
	syscall
