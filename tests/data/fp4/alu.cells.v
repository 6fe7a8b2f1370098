
module alu(a, b, op, y, \x.1 , lt);
  wire _00_;
  wire _01_;
  wire _02_;
  wire _03_;
  wire _04_;
  wire _05_;
  wire _06_;
  wire _07_;
  wire _08_;
  wire _09_;
  wire _10_;
  wire _11_;
  wire _12_;
  wire _13_;
  wire _14_;
  wire _15_;
  wire _16_;
  wire _17_;
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
  wire [1:0] \u.0.a ;
  wire [1:0] \u.0.b ;
  wire [1:0] \u.0.s ;
  wire [1:0] \u1.b ;
  wire [1:0] \u1.s ;
  output \x.1 ;
  wire \x.1 ;
  output [2:0] y;
  wire [2:0] y;
  \$_ANDNOT_  _18_ (
    .A(b[1]),
    .B(a[1]),
    .Y(_00_)
  );
  \$_XOR_  _19_ (
    .A(b[1]),
    .B(a[1]),
    .Y(_01_)
  );
  \$_OR_  _20_ (
    .A(_01_),
    .B(a[0]),
    .Y(_02_)
  );
  \$_ANDNOT_  _21_ (
    .A(b[0]),
    .B(_02_),
    .Y(_03_)
  );
  \$_OR_  _22_ (
    .A(_03_),
    .B(_00_),
    .Y(lt)
  );
  \$_XOR_  _23_ (
    .A(b[0]),
    .B(a[0]),
    .Y(_04_)
  );
  \$_NOR_  _24_ (
    .A(op[0]),
    .B(op[1]),
    .Y(_05_)
  );
  \$_ANDNOT_  _25_ (
    .A(op[0]),
    .B(op[1]),
    .Y(_06_)
  );
  \$_AND_  _26_ (
    .A(b[0]),
    .B(a[0]),
    .Y(_07_)
  );
  \$_ORNOT_  _27_ (
    .A(op[0]),
    .B(op[1]),
    .Y(_08_)
  );
  \$_MUX_  _28_ (
    .A(_07_),
    .B(_04_),
    .S(_08_),
    .Y(_09_)
  );
  \$_MUX_  _29_ (
    .A(_09_),
    .B(_04_),
    .S(_06_),
    .Y(_10_)
  );
  \$_MUX_  _30_ (
    .A(_10_),
    .B(_04_),
    .S(_05_),
    .Y(y[0])
  );
  \$_XOR_  _31_ (
    .A(_07_),
    .B(_01_),
    .Y(_11_)
  );
  \$_ANDNOT_  _32_ (
    .A(b[0]),
    .B(a[0]),
    .Y(_12_)
  );
  \$_XOR_  _33_ (
    .A(_01_),
    .B(_12_),
    .Y(_13_)
  );
  \$_AND_  _34_ (
    .A(b[1]),
    .B(a[1]),
    .Y(_14_)
  );
  \$_MUX_  _35_ (
    .A(_14_),
    .B(_01_),
    .S(_08_),
    .Y(_15_)
  );
  \$_MUX_  _36_ (
    .A(_15_),
    .B(_13_),
    .S(_06_),
    .Y(_16_)
  );
  \$_MUX_  _37_ (
    .A(_16_),
    .B(_11_),
    .S(_05_),
    .Y(y[1])
  );
  \$_AND_  _38_ (
    .A(_08_),
    .B(lt),
    .Y(_17_)
  );
  \$_MUX_  _39_ (
    .A(op[0]),
    .B(_17_),
    .S(op[1]),
    .Y(y[2])
  );
  assign d = \u1.s ;
  assign s = \u.0.s ;
  assign \u.0.a  = a;
  assign \u.0.b  = b;
  assign \u1.b  = b;
  assign \x.1  = a[0];
endmodule
