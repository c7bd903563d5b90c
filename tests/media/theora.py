"""Five frames of Theora in Ogg, which PyAV does not encode; most of it is tables."""

import zlib
from base64 import b85decode
from pathlib import Path

FIVE_FRAMES = r"""
c-
p0xc|4Te`^RVOOJeLL%b;Wl6G`D=gh6O#tW#NL7?DPkr6}2VA~H!T#z^*zeJf*c#;!t=X0la^k|@!9XX5w!K7W0mKc3HhpX+
^J=Q`JUo$dbPoH}>T9>4+Ek<EO>K{jJS#3i6wWRMT`VgQ<x0|?+^JphwGFH3t^1^9n2OO#XWUI2gZg&pWO8VcHN%>0{fMs0T
~#BPPY?0w{z=Ha875N&OCb9q+5`g>mV!Uh<zf}X6P&Yz&d1z*f|Ui3De4jf!>8t{{@E3vW`3A{HCNkwKAg83k+7?D^opUM9Z
1ca-!KbQGz(@AtQ<k*=D^J?FH${Y@gsVbiq`5k&J_lCDUe@L~X>a8T@=skR4hO%iqBxq!-
lbSd`7Y59#*taX5qunG?UqW(nPA^m=y&J978$+lc#5{INt}~4~oM}!JUbvOhIEK~EPT7yl(a*F5-%RLipP--Dl@{#A5KV4cD
2lKuD9=1J#Q9>POsc;8TTv)q!B8lCc$fhKBM>HZI?F{M;0z!L!Xg3)Vp{|P4B6(k{jUHNG7y?Urm*tCi1zj>`UuNyZ>KPT5H
xvYq#Xodc?`w~G>Y6l!XnGE!1@^Z!x2Cg5f~k#Gfbf{AS6;Jo|PXRlVu;t0HL2B3Fc&gG4_QPV?iU)Izil$2@;*+TyvMNWXC
(ib+4)LSX_quTY<rd3?fTlD4Go-0{zD&Zrgtr2#j7aH8q8Tq0x$LqN7Dk*<4|J|12m79KEKerw0Ke3J<UuMT%!Z@9-
+y`)5HA|59Mq0$hs9An%}k2O~Qe*}=#T7&~C>fB^!5pqGdpz-@4Vx1osG1`@FiBw`!LjBR8V?0^Ua0-
;eI98ued*#XxMxPaT>0&atcV;g)s-~)uYoejF~HucF^tFmgZw@O%?O#4f*YXSY{&1pv|;d7#9Puj_u8!wT%{gvGlvHZ{4Kg-
%=52EYJgi=e9t-r1aQw<V*b6iu%Tv{2h_%iqfuh#H@C5$tyHdKXw-
O&=7JYT{>WlywD)@aP6;bIe*LL2kEc+WWbORMO&hD{aOBDs+Tq*)Kg$1!hvxZl$~hrqD4sH@^%$^9)#CQI;Zu=@eIxGPo8+-
j+OPnDS|=H&sxjb;Y9?n_`_nO)t4{G)c(v+(tc$1}e>5ct07+Y!nqG>;~OT%!u3sP7V5g5NT|dR8V>d21-
Oiw0>LPM*S%v^0wwW~0<P=8K0-ulBiw$*XXUQfosF(RDt)mvrJf?MWrDL;MwTt)F;am@_#ieqQHqiv6^4#-
jp%;I?g0H*nr=+0immd3<r|iQR$h^Fo6)Xwer(1=WR&yX9cv_|nWQ?veXmT_pE7LJF1oa1wUEF;FDo($WR_4><FKe3kg_MU*
)qUD^Hh6|mlm>vvK+iN+gV^?Q@yO0g(Z^S94d^Wl@RW=&P^PkXJ~3EugUF%&F;)F^j9czro?GKo1}6k?%x6Wb|1HK}RvJj6q
A5mg-dQBEeTnP{he=0U*a#8raXDC}pEh1k5*U?nBt+oMak<b`2@^S(a#IcZz<N#$>6Q;+uVZHiyJMVRQJE4^Oly~J^@_N2;v
hetXp!-vp~!UlQ*2i8!EenOuY)VsYs=3ZR&YGkG-mz?eZY^-UE%})7EYToP6s0aiy)G<j<GK~aLZ45`n?5>LjoA-NsG$f|pM
4q?7!K$fZb}6W1u{|4c4yjGY2gNr1cY|WPh3eK^4alyAGTDQop_1}^YDkM^!4qq$h83Pky_y9l0`dKO;ji7jv(<l#H{Qbx6e
xSej()D_J$nBaed8q|IuXyjlnr-KD>U%oe>iFDGtanpl=4^Y=J$QBE>5AbpZm#lq#|6XC>y047XjmK3aRaU3L8_0oRgpBU%C
iKxmsW0UsB>4sLQrG9M>N4ba&hy#^l>H8_aK@ql%)<9nV>wC1Ff$@QPGmA`Mty<Ewe4atn(owRC!t7r-k_lGEJ6o-
<#$Jc~}$#g)IJkq*W=GyrogCg)NcuJdyy#C;OC{gK@5YjFJZT2NS`8j^k$B6FTv6oihrEJJjvGwSkbmOH7C%WUEmKJvzBUPa
lqIG!gsMb$AQ@WdmuZuK?!g^APhB0oE2`WuW5V2^cD)X(~S5IK<TYeeF>n@X=e{giV-zTuvbxTt7-
u6tMq9VQhvhr(LB)CBW|^$9r2H^&15<z&WCz9FJTxbnNOJe9N&qXPWKN5_5DLhPysJ-
@$PPO=D>MR&Xwp!<97ddEBT(;i;8Yo=zB$I~j;Pb25})9UW&ebV$~qn=r2<s7%Uf|uS)9h*5~nrw4&b(gW6l2PWm<c;A9sp3
7l{jblu*c$stOxVLyW=f99XZ{Mhs4sy$-
WEGAz4BKrnAA4BYlLUA&{i{J?gJJ(?XNoZEv^kH34a5meYt6?jtd$zlyC8bV!f8H79)RPEcIThTh-7K&ol<V4@d7+-
*ooKBb2p3;nNSbdHo9L4UeW1Pf~Xc)LD;SxWiy3sJ^hMCO@%;e*vv3yS1l)>r3vQ)A~(0X4f43wk(7!<w<kYSJtwo;7YOvbb
4mj5)pxb?<?tJP8Q1*y#!UsEu}n5k@E6XsauDAb2)LBT7DPEJ~|1LNgOo&kkY>g<C}}~X?P`Jf;_&|?Q6yS5!YqADV~njB^C
2e;3Kj-uce~Cp*+kittWAw%Y9=n)CwE>+Bme?6T7AB;Ql3iaeNm9+JsAf7JARo(!$c(R|gkZu&#jzf1_WfX?>Ra-
t+ESxidfj(zd!uDI%U<1}gNAdQbM<1}QCd)M{PT|8=QpxQhxY!qpKh__biPyNSYol~?68G)R7l5Ldcnn0GA6QJL>lL~S+sEu
v9?6Nl0rk`&Xrz05PSx){Yu(<a_NI-
u;c`xJIVwAAd>p$hcdvwWiZS#i|yttCe*te0sZqrOzyt+7us=a){OC$HOA>qleJk?fr)95f6CKb;kRQ-
u}D>yubgE#XXnr;DvrQru<V9)f#V?)Qb%H_fHmPPc5@!<QGFC`L*t1i}M<)6FMJJW4q10pADCVj~n3N(x?5tQ6MRdN`*j;6`
09|GtU>&VlLlh2_W_G}!Zv(u}s7B3V~J-
N_xZWj#6dFFL$km=~d~Zqeh+E4^`qXva>C)84pJZ>b@e>Tv~_K&dq%x8<WE2TW3;X}@3*I${QAL-
x(1Ne(eS9g#prrlMSC!l`GIvg~kW%y^gD{^l{M?;pgdU=hPQTd2@rgo?JZ80+|=0(x5n)&-QzBL-
!!?ryWQ6sltnk=*gC)E@A4s3WmririZ|I1_7+5PsPD!^DCJKFB&0HV3db*8SzzyOXKEgGDTWw-
4#CeiFf@>{Vt!b=?uZu*f%}=8{kFi{uYf)8{{9{tSLzYH0esnrg_qjwAk=n{nbXAyjZ;B>wm={JD$^i%T{?#$mq#NNp$8L)A
(xzGj{P0q8-
}^dZGp<5M|bE7RBJVBxo&RvaB}%qYhz0x9ny?GMar9yjUCxXOQ~rEO_c%$Al&An|#{K+!KY&vkHEnuY#}ceL)-
r>m~7WaXCxJ>ws0oo&lUo#oAqqwbPUE%ME&uYPOH8=?4KcwvF&s8KGDkg8yq;4R&<Sd+BM@r-*zIx~zy(Z-
+uuwba*wiHZ*!n3q<ZmSRI;3{626&2ii7PY#1c_z=aMJdw%kntYO^TXa!xqd-Utb|O(PdPbT7jlNm0avi=cC~(_tyKKEtkxD
hsrZ=)Ntxe#tg1D~Y~i}`Mz_anXG2!5(bmd-
2g3i@z3sb>$=~ie?CaCD;A}$<<_Q1~rZQdwzP0`{lka@CzM{{%x$Hz2h?IY}l_TG@xKAMr_+dmZ@nZ8EW_|@sg*)onv{jcz8
}q#&<mTht;GsjFXu<$tu-qkKpY0dHAGmo+nda^(PEDql!3W}+F`zXFh3L-
D)2K7r`?A{ZmRr(()Ym!XOskGF_|K1Byly;c8W?=!p6)E3)M>{ZQebAMTJSUOW!Ym5dz-
}(ao3z7?(|;U*8pgv8eRXG=6;cQe^S%=lLxT+PT$3A<WooMPUKfi@IU(yL`w2c^ju_CSycc496_?`0{3hjkX8o^X-3UzE+@-
s?j!P=(}?E7F3N~I9vuo?FBMAUZATZ*P`K$=g`FK$tHm)PA+CM5m1|Me%r&J9ecLxvjp1wQq0{1rvA;6%0S#~6UQaWBdpXrQ
WpfWDgw9mTtTmD`CV!Tf%j|E<%gG|A@4IF$VZb4f3075gRrkA{j<?|5eFga@nAlQYQq1W67^=RjKH9HkR7Zsr0@_Cltt)n%o
uy~Mq1=uXRG)MvYTU&{z_at)F)m8g$6HC^UEFR8{{eoA^%D
"""


def write_chain(path: Path, links: int) -> Path:
    """Write a chained Ogg: the same film several times, each with its own headers."""
    film = zlib.decompress(b85decode("".join(FIVE_FRAMES.split())))
    path.write_bytes(film * links)
    return path
