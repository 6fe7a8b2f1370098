module add(input [1:0] a, b, output [1:0] s);
  assign s = { a[1] ^ b[1] ^ (a[0] & b[0]), a[0] ^ b[0] };
endmodule
module alu(input [1:0] a, b, input [1:0] op, output [2:0] y, output \x.1 , lt);
  wire [1:0] s, d;
  add \u.0 (.a(a), .b(b), .s(s));
  add u1(.a(~a), .b(b), .s(d));
  assign y = op == 0 ? s : op == 1 ? ~d : op == 2 ? {1'b0, a & b} : {lt, a ^ b};
  assign \x.1 = a[0];
  assign lt = ~a[1] & b[1] | (a[1] ~^ b[1]) & ~a[0] & b[0];
endmodule
