4module top(a, \b.c , y, z);
 input [1:0] a; input \b.c ; output [2:0] y; output z;
 wire w = ^a & 1'b1, v;
 nand (v, a[0], \b.c );
 assign y = \b.c  ? a + {1'h0, w} : 4'h6 >> {2{v}};
 \$_MUX_ m(.A(w), .B(v), .S(a[1]), .Y(z));
endmodule
