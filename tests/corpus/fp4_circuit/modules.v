4module leaf(input [1:0] x, output q);
 assign q = &x | x < 2'd2;
endmodule
module top(input p, output u);
 leaf one({p, 1'h1}, u);
endmodule
