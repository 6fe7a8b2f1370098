
module add(a, b, s);
  wire _0_;
  wire _1_;
  input [1:0] a;
  wire [1:0] a;
  input [1:0] b;
  wire [1:0] b;
  output [1:0] s;
  wire [1:0] s;
  assign _0_ = a[0] & b[0];
  assign s[0] = a[0] ^ b[0];
  assign _1_ = a[1] ^ b[1];
  assign s[1] = _1_ ^ _0_;
endmodule

module alu(a, b, op, y, \x.1 , lt);
  wire _00_;
  wire _01_;
  wire _02_;
  wire [1:0] _03_;
  wire _04_;
  wire _05_;
  wire _06_;
  wire _07_;
  wire _08_;
  wire [1:0] _09_;
  wire [2:0] _10_;
  wire [2:0] _11_;
  wire [2:0] _12_;
  wire _13_;
  wire [1:0] _14_;
  input [1:0] a;
  wire [1:0] a;
  input [1:0] b;
  wire [1:0] b;
  wire [1:0] d;
  output lt;
  wire lt;
  input [1:0] op;
  wire [1:0] op;
  wire [1:0] s;
  output \x.1 ;
  wire \x.1 ;
  output [2:0] y;
  wire [2:0] y;
  assign _00_ = _07_ & b[1];
  assign _01_ = _13_ & _08_;
  assign _02_ = _01_ & b[0];
  assign _03_ = a & b;
  assign _04_ = op == 2'h2;
  assign _05_ = ! op;
  assign _06_ = op == 2'h1;
  assign _07_ = ~ a[1];
  assign _08_ = ~ a[0];
  assign _09_ = ~ a;
  assign _10_ = ~ { 1'h0, d };
  assign lt = _00_ | _02_;
  assign _11_ = _04_ ? { 1'h0, _03_ } : { lt, _14_ };
  assign _12_ = _06_ ? _10_ : _11_;
  assign y = _05_ ? { 1'h0, s } : _12_;
  assign _13_ = a[1] ~^ b[1];
  assign _14_ = a ^ b;
  add \u.0  (
    .a(a),
    .b(b),
    .s(s)
  );
  add u1 (
    .a(_09_),
    .b(b),
    .s(d)
  );
  assign \x.1  = a[0];
endmodule
