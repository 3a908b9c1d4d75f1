// An oracle for zydis_test.go: what Zydis 4.0 says about instructions. Build: gcc -O2 zydis.c -lZydis.
// stdin: records of 16 bytes of code. stdout: one struct answer per record.
#include <Zydis/Zydis.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct answer {
    uint8_t ok, len;
    uint8_t write_hidden, read_hidden; // 1: the memory operand is not a ModRM operand
    uint16_t write_size, read_size;    // bytes, 0 none
    uint16_t gpr_read, gpr_write;
    uint32_t flags_read, flags_write; // RFLAGS bits
    uint16_t writes, reads;           // number of memory operands written, read
    uint16_t gpr_part;                // written in 8 or 16 bits only, or on a condition
    uint16_t agen;                    // has a memory operand that is not accessed
    int64_t disp;                     // of the ModRM operand
    uint8_t base, index, scale, seg;  // of the ModRM operand; 255 none; seg 1 FS, 2 GS
    char name[44];
};

static int gpr(ZydisRegister r) {
    ZydisRegister full = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);
    if (full < ZYDIS_REGISTER_RAX || full > ZYDIS_REGISTER_R15) return -1;
    return full - ZYDIS_REGISTER_RAX;
}

static void mark(uint16_t *set, ZydisRegister r) {
    int n = gpr(r);
    if (n >= 0) *set |= 1 << n;
}

static void memory(struct answer *a, const ZydisDecodedOperand *o) {
    int hidden = o->encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM && o->encoding != ZYDIS_OPERAND_ENCODING_DISP16_32_64;
    if (!hidden) {
        a->disp = o->mem.disp.value;
        a->base = gpr(o->mem.base);
        a->index = gpr(o->mem.index);
        if (o->mem.index >= ZYDIS_REGISTER_XMM0 && o->mem.index <= ZYDIS_REGISTER_ZMM31)
            a->index = (o->mem.index - ZYDIS_REGISTER_XMM0) % 32;
        a->scale = o->mem.scale;
        a->seg = o->mem.segment == ZYDIS_REGISTER_FS ? 1 : o->mem.segment == ZYDIS_REGISTER_GS ? 2 : 0;
    }
    mark(&a->gpr_read, o->mem.base);
    mark(&a->gpr_read, o->mem.index);
    if (o->mem.type != ZYDIS_MEMOP_TYPE_MEM && o->mem.type != ZYDIS_MEMOP_TYPE_VSIB) {
        a->agen++;
        return;
    }
    if (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) {
        a->writes++;
        a->write_size = o->size / 8;
        a->write_hidden = hidden;
    }
    if (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ) {
        a->reads++;
        a->read_size = o->size / 8;
        a->read_hidden = hidden;
    }
}

static void reg(struct answer *a, const ZydisDecodedOperand *o) {
    if (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ) mark(&a->gpr_read, o->reg.value);
    if (!(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) return;
    mark(&a->gpr_write, o->reg.value);
    if (o->size < 32 || !(o->actions & ZYDIS_OPERAND_ACTION_WRITE)) mark(&a->gpr_part, o->reg.value);
}

int main(void) {
    static uint8_t code[16];
    ZydisDecoder d;
    ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    while (fread(code, sizeof code, 1, stdin) == 1) {
        ZydisDecodedInstruction i;
        ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
        struct answer a = {0};
        if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d, code, 15, &i, op))) {
            a.ok = 1;
            a.len = i.length;
            strncpy(a.name, ZydisMnemonicGetString(i.mnemonic), sizeof a.name - 1);
            for (int k = 0; k < i.operand_count; k++) {
                if (op[k].type == ZYDIS_OPERAND_TYPE_MEMORY) memory(&a, &op[k]);
                if (op[k].type == ZYDIS_OPERAND_TYPE_REGISTER) reg(&a, &op[k]);
            }
            if (i.cpu_flags) {
                a.flags_read = i.cpu_flags->tested;
                a.flags_write = i.cpu_flags->modified | i.cpu_flags->set_0 | i.cpu_flags->set_1 | i.cpu_flags->undefined;
            }
        }
        fwrite(&a, sizeof a, 1, stdout);
    }
    return 0;
}
