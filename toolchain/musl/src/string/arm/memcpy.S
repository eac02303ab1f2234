/* memcpy(3): words by loads that need no alignment (armv7), then bytes; musl's own is 700 bytes of special cases. */
.syntax unified
.thumb
.text
.global memcpy
.type memcpy, %function
.thumb_func
.balign 4
memcpy:
	mov ip, r0
	subs r2, r2, #4
	blo 2f
1:	ldr r3, [r1], #4
	str r3, [ip], #4
	subs r2, r2, #4
	bhs 1b
2:	adds r2, r2, #4
	beq 4f
3:	ldrb r3, [r1], #1
	strb r3, [ip], #1
	subs r2, r2, #1
	bne 3b
4:	bx lr
.size memcpy, . - memcpy
.section .note.GNU-stack,"",%progbits
