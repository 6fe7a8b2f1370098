
module alu ( 
    \a[0] , \a[1] , \b[0] , \b[1] , \op[0] , \op[1] ,
    \y[0] , \y[1] , \y[2] , \x.1 , lt  );
  input  \a[0] , \a[1] , \b[0] , \b[1] , \op[0] , \op[1] ;
  output \y[0] , \y[1] , \y[2] , \x.1 , lt;
  wire new_n12_, new_n13_, new_n14_, new_n15_, new_n16_, new_n17_, new_n18_,
    new_n19_, new_n20_, new_n21_, new_n22_, new_n23_, new_n24_, new_n25_,
    new_n26_, new_n28_, new_n29_, new_n30_, new_n31_, new_n32_, new_n33_,
    new_n34_, new_n35_, new_n36_, new_n37_, new_n38_, new_n39_, new_n40_,
    new_n41_, new_n42_, new_n43_, new_n44_, new_n45_, new_n47_, new_n48_,
    new_n50_, new_n51_;
  assign new_n12_ = \a[0]  & \b[0] ;
  assign new_n13_ = ~\a[0]  & \b[0] ;
  assign new_n14_ = \a[0]  & ~\b[0] ;
  assign new_n15_ = ~new_n13_ & ~new_n14_;
  assign new_n16_ = ~\op[0]  & \op[1] ;
  assign new_n17_ = new_n12_ & new_n16_;
  assign new_n18_ = ~new_n15_ & ~new_n16_;
  assign new_n19_ = ~new_n17_ & ~new_n18_;
  assign new_n20_ = \op[0]  & ~\op[1] ;
  assign new_n21_ = ~new_n19_ & ~new_n20_;
  assign new_n22_ = ~new_n15_ & new_n20_;
  assign new_n23_ = ~new_n21_ & ~new_n22_;
  assign new_n24_ = ~\op[0]  & ~\op[1] ;
  assign new_n25_ = ~new_n23_ & ~new_n24_;
  assign new_n26_ = ~new_n15_ & new_n24_;
  assign \y[0]  = new_n25_ | new_n26_;
  assign new_n28_ = \a[1]  & \b[1] ;
  assign new_n29_ = ~\a[1]  & \b[1] ;
  assign new_n30_ = \a[1]  & ~\b[1] ;
  assign new_n31_ = ~new_n29_ & ~new_n30_;
  assign new_n32_ = new_n16_ & new_n28_;
  assign new_n33_ = ~new_n16_ & ~new_n31_;
  assign new_n34_ = ~new_n32_ & ~new_n33_;
  assign new_n35_ = ~new_n13_ & ~new_n31_;
  assign new_n36_ = new_n13_ & new_n31_;
  assign new_n37_ = ~new_n35_ & ~new_n36_;
  assign new_n38_ = ~new_n20_ & ~new_n34_;
  assign new_n39_ = new_n20_ & ~new_n37_;
  assign new_n40_ = ~new_n38_ & ~new_n39_;
  assign new_n41_ = new_n12_ & new_n31_;
  assign new_n42_ = ~new_n12_ & ~new_n31_;
  assign new_n43_ = ~new_n41_ & ~new_n42_;
  assign new_n44_ = ~new_n24_ & ~new_n40_;
  assign new_n45_ = new_n24_ & ~new_n43_;
  assign \y[1]  = new_n44_ | new_n45_;
  assign new_n47_ = ~\a[0]  & new_n31_;
  assign new_n48_ = \b[0]  & new_n47_;
  assign lt = new_n29_ | new_n48_;
  assign new_n50_ = ~new_n16_ & lt;
  assign new_n51_ = \op[1]  & new_n50_;
  assign \y[2]  = new_n20_ | new_n51_;
  assign \x.1  = \a[0] ;
endmodule


